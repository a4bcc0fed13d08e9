"""A run is the same whenever it is played, and what does not hold ends it with the seed."""

import asyncio
import logging

import pytest

from kfsim.simulation.faults import FaultReport, run_faults
from kfsim.simulation.faults import run as module
from kfsim.simulation.faults.mishaps import Mishap, Stage


def test_a_seed_is_a_run() -> None:
    first = run_faults(3, hours=2)
    assert run_faults(3, hours=2) == first
    assert run_faults(4, hours=2).digest != first.digest
    assert first.lines > 100
    assert sum(first.mishaps.values()) > 5


def test_a_report_says_what_a_run_did() -> None:
    report = FaultReport("abcdef" * 8, 5, 2, {"hang up": 1}, {"answered": 7})
    assert str(report) == (
        "digest abcdefabcdefabcd over 5 lines; daemons: 2\n"
        "mishaps: 1 × hang up\nrequests: 7 × answered"
    )


def _play_only(monkeypatch: pytest.MonkeyPatch, mishap: Mishap) -> str:
    monkeypatch.setattr(module, "MISHAPS", (mishap,))
    with pytest.raises(module.FaultError) as caught:
        run_faults(3, hours=2)
    return str(caught.value)


def test_an_error_in_the_log_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def complain(_: Stage) -> None:
        logging.getLogger("kfsim.anything").error("that was wrong")

    said = _play_only(monkeypatch, Mishap("complain", 1, complain))
    assert said.startswith("seed 3, at 0.")
    assert "that was wrong" in said
    assert "mishap complain" in said


def test_a_request_that_vanishes_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose(stage: Stage) -> None:
        stage.clients.sent += 1

    said = _play_only(monkeypatch, Mishap("lose", 1, lose))
    assert "of 1 requests 0 ended and 0 have not" in said


def test_what_the_daemon_holds_on_to_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_QUIET_WITHIN", 60.0)

    async def leak(stage: Stage) -> None:
        await asyncio.sleep(0)
        stage.world.plane.leak = {f"{n:08d}-0000-4000-8000-000000000000": n for n in range(2)}  # type: ignore[attr-defined]

    said = _play_only(monkeypatch, Mishap("leak", 1, leak))
    assert "SimulatedDataPlane.leak still knows the uid 00000001-0000" in said
