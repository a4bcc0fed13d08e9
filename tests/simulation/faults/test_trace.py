from kfsim.simulation.faults.trace import RollingTrace
from kfsim.testing.clock import FakeClock


def make_trace(lines: int, *, last: str = "x") -> RollingTrace:
    trace = RollingTrace(FakeClock())
    for number in range(lines):
        trace.note("mishap", str(number))
    trace.note("mishap", last)
    return trace


def test_every_line_counts_and_the_latest_stay() -> None:
    trace = make_trace(20_000)
    assert trace.count == 20_001
    assert len(trace.lines) <= 8000
    assert trace.lines[-1].text == "x"


def test_a_digest_is_that_of_all_lines() -> None:
    assert make_trace(20_000).digest() == make_trace(20_000).digest()
    assert make_trace(20_000).digest() != make_trace(20_000, last="y").digest()
    early, late = RollingTrace(FakeClock()), RollingTrace(FakeClock())
    early.note("mishap", "a")
    for number in range(20_000):
        early.note("mishap", str(number))
        late.note("mishap", str(number))
    assert early.digest() != late.digest()
