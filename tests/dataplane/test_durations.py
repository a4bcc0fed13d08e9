from hypothesis import given
from hypothesis import strategies as st

from kfsim.base.types import RevisionKey
from kfsim.dataplane.durations import BOUNDS, RequestDurations

ONE, TWO = RevisionKey("ns", "one"), RevisionKey("ns", "two")


@given(
    st.lists(
        st.tuples(st.sampled_from((ONE, TWO)), st.sampled_from((200, 503)), st.floats(0.0, 20.0))
    )
)
def test_every_request_is_in_one_bucket(observed: list[tuple[RevisionKey, int, float]]) -> None:
    durations = RequestDurations()
    for each in observed:
        durations.observe(*each)
    for revision, status, buckets, seconds in durations:
        times = [time for *key, time in observed if key == [revision, status]]
        assert sum(buckets) == len(times)
        assert abs(seconds - sum(times)) < 1e-6
        within = 0
        for bound, count in zip(BOUNDS, buckets, strict=False):
            within += count
            assert within == sum(time <= bound for time in times)
    assert sum(sum(each.buckets) for each in durations) == len(observed)


def test_a_revision_that_is_gone_is_forgotten() -> None:
    durations = RequestDurations()
    durations.observe(ONE, 200, 0.1)
    durations.observe(TWO, 200, 0.1)
    durations.forget(ONE)
    durations.forget(ONE)
    assert [each.revision for each in durations] == [TWO]
    assert (durations.knows(ONE), durations.knows(TWO)) == (False, True)
