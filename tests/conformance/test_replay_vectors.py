"""The replay command itself: a check that cannot fail checks nothing."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from replay_vectors import REPLAYS, main, replay_trace

HERE = Path(__file__).parent
ONE_PER_KIND = {
    "kpa": "kpa_spike_panic_exit",
    "buckets": "buckets_lin_tail",
    "request_stats": "stats_proxied_mix",
    "breaker": "breaker_cancel",
    "scale_to_zero": "scaletozero_retention_10_grace_30",
}


def load(name: str) -> dict[str, Any]:
    trace = json.loads((HERE / "kpa" / f"{name}.json").read_text())
    assert isinstance(trace, dict)
    return trace


def spoil(value: object) -> object:
    """A value that must not pass for the given one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 1e-3
    if isinstance(value, list):
        return [*value, 1]
    return f"{value}?"


@pytest.mark.parametrize("kind", REPLAYS)
def test_every_expected_field_is_compared(kind: str) -> None:
    trace = load(ONE_PER_KIND[kind])
    assert replay_trace(kind, trace) == []
    fields: dict[str, int] = {}
    for index, event in enumerate(trace["events"]):
        fields |= dict.fromkeys(event.get("expect", {}), index)
    assert fields
    for field, index in fields.items():
        spoilt = copy.deepcopy(trace)
        expect = spoilt["events"][index]["expect"]
        expect[field] = spoil(expect[field])
        (divergence,) = replay_trace(kind, spoilt)
        assert (divergence.index, divergence.field) == (index, field)
        assert divergence.t == trace["events"][index].get("t")


@pytest.mark.parametrize("kind", ["kpa", "buckets", "request_stats"])
def test_trace_without_its_inputs_fails(kind: str) -> None:
    trace = load(ONE_PER_KIND[kind])
    trace["events"] = [event for event in trace["events"] if "expect" in event]
    assert replay_trace(kind, trace)


@pytest.mark.parametrize(
    ("trace", "text"),
    [
        pytest.param([], "not a JSON object", id="a list"),
        pytest.param({}, "kind", id="no kind"),
        pytest.param({"kind": "hpa", "events": [{}]}, "unknown kind 'hpa'", id="unknown kind"),
        pytest.param({"kind": "breaker", "events": []}, "no events", id="no events"),
        pytest.param(
            {"kind": "request_stats", "events": [{"op": "sleep", "t": 1}]},
            "unknown op 'sleep'",
            id="unknown op",
        ),
        pytest.param(
            {"kind": "request_stats", "events": [{"op": "report", "t": 1}]},
            "with or without expect",
            id="nothing expected",
        ),
        pytest.param({"kind": "kpa", "events": [{"op": "scale"}]}, "config", id="no config"),
    ],
)
def test_malformed_trace_fails(trace: object, text: str) -> None:
    (divergence,) = replay_trace("broken", trace)
    assert text in str(divergence)


def test_missing_and_additional_fields_are_divergences() -> None:
    trace = load(ONE_PER_KIND["breaker"])
    del trace["events"][0]["expect"]["waiting"]
    trace["events"][0]["expect"]["asleep"] = 0
    assert {divergence.field for divergence in replay_trace("breaker", trace)} == {
        "waiting",
        "asleep",
    }


def test_main_counts_and_exits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = load(ONE_PER_KIND["breaker"])
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "good.json").write_text(json.dumps(good))
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"
    (tmp_path / "broken.json").write_text("{")
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed"


def test_no_traces_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert "no traces" in captured.err
    assert captured.out == "0 passed, 0 failed\n"
    assert main([]) == 2


def test_runs_from_a_checkout_without_installation(tmp_path: Path) -> None:
    (tmp_path / "trace.json").write_text(json.dumps(load(ONE_PER_KIND["kpa"])))
    finished = subprocess.run(
        [sys.executable, HERE / "replay_vectors.py", tmp_path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={},
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "1 passed, 0 failed\n"), finished.stderr
