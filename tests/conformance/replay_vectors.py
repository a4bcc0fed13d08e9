"""Replay recorded traces of Knative's autoscaler and report every difference.

    python tests/conformance/replay_vectors.py DIR

Prints a line per divergence (trace, event index, t, field, expected, got), closes with
`N passed, M failed`, and exits with 1 when a trace failed or there was none. A trace that cannot be
read or replayed counts as failed. `kpa/README.md` describes the format.
"""

import json
import math
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kfsim.autoscaler.bounds import resolve_bounds
from kfsim.autoscaler.decider import Decider
from kfsim.autoscaler.scale_to_zero import (
    ActiveCondition,
    Activity,
    Observation,
    ScaleTargetSpec,
    ScaleTargetState,
    step,
)
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.autoscaler.windows import make_window
from kfsim.base.types import RevisionKey, ServiceMode, Stat
from kfsim.flow.breaker import Breaker, BreakerState
from kfsim.flow.statistics import RequestStatistics

TOLERANCE = 1e-6
REVISION = RevisionKey("conformance", "revision")

Trace = Mapping[str, Any]
Event = Mapping[str, Any]
# A replay yields what the code under test answers to each event: None where there is no answer.
Replay = Iterator[dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Divergence:
    """One difference, or, with index -1, the reason why a trace could not be replayed."""

    trace: str
    index: int
    t: float | None
    field: str
    expected: object
    got: object

    def __str__(self) -> str:
        t = "-" if self.t is None else f"{self.t:g}"
        return (
            f"{self.trace}: event {self.index} t={t} {self.field}: "
            f"expected {json.dumps(self.expected)}, got {json.dumps(self.got)}"
        )


class MalformedTrace(Exception):
    """The trace does not follow the format."""


def replay_kpa(trace: Trace) -> Replay:
    spec = parse_decider_spec(trace["config"])
    decider = Decider(spec, initial_ready_pods=trace["initial_ready_pods"], now=0.0)
    for event in trace["events"]:
        match event["op"]:
            case "record":
                decider.record(parse_stat(event), event["t"])
                yield None
            case "update":
                decider.update(parse_decider_spec(event["config"]), event["t"])
                yield None
            case "scale":
                yield describe_decision(decider, event)
            case op:
                raise MalformedTrace(f"unknown op {op!r}")


def describe_decision(decider: Decider, event: Event) -> dict[str, Any]:
    result = decider.scale(event["ready_pods"], event["t"])
    answer: dict[str, Any] = {"scale_valid": result.scale_valid, "panic_mode": result.panic_mode}
    if result.panic_mode:
        answer["panic_since_t"] = result.panic_since
        answer["max_panic_pods"] = result.max_panic_pods
    if not result.scale_valid:
        return answer | {"error": "no_data"}
    spec = decider.spec
    bounds = resolve_bounds(
        min_scale=spec.min_scale, max_scale=spec.max_scale, reachable=spec.reachable
    )
    return answer | {
        "stable_value": result.stable_value,
        "panic_value": result.panic_value,
        "desired_pod_count": result.desired_pod_count,
        "bounded_pod_count": bounds.clamp(result.desired_pod_count),
        "excess_burst_capacity": result.excess_burst_capacity,
        "num_activators": result.num_activators,
    }


def parse_decider_spec(config: Mapping[str, Any]) -> DeciderSpec:
    """The config's names are the spec's, but for the unit that three of them carry."""
    return DeciderSpec(**{key.removesuffix("_seconds"): value for key, value in config.items()})


def parse_stat(event: Event) -> Stat:
    return Stat(
        revision=REVISION,
        reporter="trace",
        average_concurrent_requests=event.get("concurrency", 0),
        average_proxied_concurrent_requests=event.get("proxied_concurrency", 0),
        request_count=event.get("requests", 0),
        proxied_request_count=event.get("proxied_requests", 0),
    )


def replay_buckets(trace: Trace) -> Replay:
    config = trace["config"]
    window = make_window(
        config["aggregation_algorithm"],
        config["window_seconds"],
        granularity=config["granularity_seconds"],
    )
    for event in trace["events"]:
        match event["op"]:
            case "record":
                window.record(event["t"], event["value"])
                yield None
            case "average":
                t = event["t"]
                yield {"average": window.average(t), "is_empty": window.is_empty(t)}
            case op:
                raise MalformedTrace(f"unknown op {op!r}")


def replay_request_stats(trace: Trace) -> Replay:
    statistics = RequestStatistics(0.0)
    for event in trace["events"]:
        t = event["t"]
        match event["op"]:
            case "in" | "proxied_in" as op:
                statistics.request_in(t, proxied=op == "proxied_in")
                yield None
            case "out" | "proxied_out" as op:
                statistics.request_out(t, proxied=op == "proxied_out")
                yield None
            case "report":
                report = statistics.report(t)
                yield {
                    "average_concurrency": report.average_concurrency,
                    "average_proxied_concurrency": report.average_proxied_concurrency,
                    "request_count": report.request_count,
                    "proxied_request_count": report.proxied_request_count,
                }
            case op:
                raise MalformedTrace(f"unknown op {op!r}")


def replay_breaker(trace: Trace) -> Replay:
    config = trace["config"]
    breaker: Breaker[int] = Breaker(
        queue_depth=config["queue_depth"],
        max_concurrency=config["max_concurrency"],
        initial_capacity=config["initial_capacity"],
    )
    running: deque[int] = deque()
    waiting: dict[int, None] = {}
    arrived = done = rejected = cancelled = 0

    def start(waiter: int | None) -> None:
        if waiter is not None:
            del waiting[waiter]
            running.append(waiter)

    for event in trace["events"]:
        match event["op"]:
            case "arrive":
                for request in range(arrived, arrived + event["count"]):
                    match breaker.reserve(request):
                        case BreakerState.RUNNING:
                            running.append(request)
                        case BreakerState.WAITING:
                            waiting[request] = None
                        case BreakerState.REJECTED:
                            rejected += 1
                arrived += event["count"]
            case "finish":
                for _ in range(event["count"]):
                    running.popleft()
                    done += 1
                    start(breaker.release())
            case "cancel_waiting":
                for request in list(waiting)[: event["count"]]:
                    del waiting[request]
                    cancelled += 1
                    breaker.cancel(request)
            case "capacity":
                for request in breaker.set_capacity(event["capacity"]):
                    start(request)
            case op:
                raise MalformedTrace(f"unknown op {op!r}")
        yield {
            "waiting": breaker.waiting,
            "running": breaker.running,
            "done": done,
            "rejected": rejected,
            "cancelled": cancelled,
            "in_flight": breaker.in_flight,
            "capacity": breaker.capacity,
        }


def replay_scale_to_zero(trace: Trace) -> Replay:
    config = trace["config"]
    spec = ScaleTargetSpec(
        enable_scale_to_zero=config["enable_scale_to_zero"],
        stable_window=config["stable_window_seconds"],
        grace_period=config["scale_to_zero_grace_period_seconds"],
        pod_retention=config["pod_retention_seconds"],
        progress_deadline=config["progress_deadline_seconds"],
        target_burst_capacity=config["target_burst_capacity"],
        initial_scale=config["initial_scale"],
        min_scale=config["min_scale"],
        max_scale=config["max_scale"],
        reachable=config["reachability"] != "Unreachable",
    )
    replicas = config["initial_replicas"]
    state: ScaleTargetState | None = None
    for event in trace["events"]:
        if event["op"] != "reconcile":
            raise MalformedTrace(f"unknown op {event['op']!r}")
        state = continue_state(state, Activity(event["active_before"]), event["t"])
        outcome = step(spec, state, parse_observation(event, replicas), event["t"])
        state = outcome.state
        answer: dict[str, Any] = {
            "want": outcome.want,
            "service_mode": outcome.mode.value,
            "active": state.active.status.value,
            "reason": state.active.reason,
            "active_since_t": state.active.since,
            "scale_target_initialized": state.initialized,
            "requeue_after_seconds": (
                [] if outcome.requeue_after is None else [outcome.requeue_after]
            ),
            "probe_calls": int(outcome.probed),
            "async_probe_offers": int(outcome.start_probe),
        }
        if outcome.apply_replicas is not None:
            answer["apply_replicas"] = replicas = outcome.apply_replicas
        yield answer


def continue_state(
    state: ScaleTargetState | None, active_before: Activity, t: float
) -> ScaleTargetState:
    """The state before an event. It is carried over from the previous event; where the trace says
    otherwise (at its start, or because the script set the condition) the condition begins now."""
    if state is None:
        state = ScaleTargetState.fresh(t)
    if state.active.status is active_before:
        return state
    return ScaleTargetState(ActiveCondition(active_before, "", "", t), state.initialized)


def parse_observation(event: Event, replicas: int) -> Observation:
    return Observation(
        desired=event["desired"],
        excess_burst_capacity=event["excess_burst_capacity"],
        ready_pods=event["ready_pods"],
        replicas=replicas,
        mode=ServiceMode(event["service_mode_before"]),
        proxy_for=event["proxy_for_seconds"],
        activator_answers=event["activator_probe_ok"],
    )


REPLAYS: Mapping[str, Callable[[Trace], Replay]] = {
    "kpa": replay_kpa,
    "buckets": replay_buckets,
    "request_stats": replay_request_stats,
    "breaker": replay_breaker,
    "scale_to_zero": replay_scale_to_zero,
}


def agree(expected: object, got: object) -> bool:
    """Numbers with a fraction within the tolerance, everything else exactly."""
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(agree, expected, got))
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, float) or isinstance(got, float):
        if not isinstance(expected, int | float) or not isinstance(got, int | float):
            return False
        return math.isclose(expected, got, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return expected == got


def replay_trace(name: str, trace: object) -> list[Divergence]:
    """All differences between the trace and the code under test."""
    index, t = -1, None
    divergences: list[Divergence] = []
    try:
        if not isinstance(trace, dict):
            raise MalformedTrace("not a JSON object")
        if (replay := REPLAYS.get(trace["kind"])) is None:
            raise MalformedTrace(f"unknown kind {trace['kind']!r}, known are {', '.join(REPLAYS)}")
        if not trace["events"]:
            raise MalformedTrace("no events")
        answers = replay(trace)
        for index, event in enumerate(trace["events"]):
            t = event.get("t")
            answer = next(answers)
            if (answer is None) != ("expect" not in event):
                raise MalformedTrace(f"op {event['op']!r} with or without expect")
            if answer is not None:
                divergences += compare(name, index, event, answer)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        divergences.append(Divergence(name, index, t, "trace", "a replayable trace", problem))
    return divergences


def compare(name: str, index: int, event: Event, answer: Mapping[str, Any]) -> list[Divergence]:
    expect = event["expect"]
    return [
        Divergence(name, index, event.get("t"), field, expect.get(field), answer.get(field))
        for field in expect | answer
        if (field in expect) != (field in answer) or not agree(expect[field], answer[field])
    ]


def replay_file(path: Path) -> list[Divergence]:
    try:
        trace = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [Divergence(path.name, -1, None, "trace", "readable JSON", str(error))]
    return replay_trace(path.name, trace)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: replay_vectors.py DIR", file=sys.stderr)
        return 2
    paths = sorted(Path(arguments[0]).rglob("*.json"))
    if not paths:
        print(f"no traces (*.json) found below {arguments[0]}", file=sys.stderr)
    failed = 0
    for path in paths:
        divergences = replay_file(path)
        failed += bool(divergences)
        for divergence in divergences:
            print(divergence)
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
