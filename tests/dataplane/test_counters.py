from kfsim.dataplane.counters import Counters, Outcome


def test_what_came_in_and_not_out_is_open():
    counters = Counters()
    counters.begun = 3
    counters.end(Outcome.PROXIED, 200)
    counters.end(Outcome.CLIENT_LOST, 0)
    assert counters.open == 1
    assert counters.by_class == [1, 0, 1, 0, 0, 0]
