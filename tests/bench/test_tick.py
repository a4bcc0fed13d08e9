"""What the tick is measured over: the active stay awake, the others fall asleep."""

from bench.tick import Revisions


def test_one_in_a_hundred_is_awake_and_has_load():
    revisions = Revisions(300)
    assert revisions.scaling.awake == 300
    for second in range(120):
        revisions.second(decides=second % 2 == 1)
    assert (revisions.active, revisions.scaling.awake) == (3, 3)
    assert len(revisions.flow.collect(revisions.clock.now())) == 3
