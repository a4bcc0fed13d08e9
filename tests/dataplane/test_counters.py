from kfsim.dataplane.counters import Counters, Outcome


def test_what_came_in_and_not_out_is_open():
    counters = Counters()
    counters.begun = 3
    counters.end(Outcome.PROXIED, 200)
    counters.end(Outcome.CLIENT_LOST, 0)
    assert counters.open == 1
    assert counters.by_class == [1, 0, 1, 0, 0, 0]


def test_each_is_counted_by_its_outcome_and_status() -> None:
    counters = Counters()
    for outcome, status in (
        (Outcome.PROXIED, 200),
        (Outcome.PROXIED, 503),
        (Outcome.ANSWERED, 503),
        (Outcome.PROXIED, 200),
    ):
        counters.end(outcome, status)
    assert sorted(counters) == [
        (Outcome.ANSWERED, 503, 1),
        (Outcome.PROXIED, 200, 2),
        (Outcome.PROXIED, 503, 1),
    ]
    assert counters.ended[Outcome.PROXIED] == 3


def test_what_was_no_request_is_counted_apart() -> None:
    counters = Counters()
    counters.refuse(400)
    counters.refuse(400)
    assert counters.unreadable == {400: 2}
    assert list(counters) == []
