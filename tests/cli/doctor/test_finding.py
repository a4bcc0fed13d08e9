"""The line of a finding."""

from kfsim.cli.doctor.finding import note, ok, problem


def test_a_line_says_what_was_found_and_the_mend() -> None:
    assert ok("python", "3.12.1").line == "ok       python: 3.12.1"
    assert note("names", "unknown", "use paths").line == "note     names: unknown; use paths"
    assert problem("disk", "full", "make room").line == "problem  disk: full; make room"
