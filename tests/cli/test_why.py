"""`why` tells the deepest cause first, and each text once."""

from typing import Any

from kfsim.cli.commands.why import render, render_decisions, tell_once

TEXT = "container kserve-container has no command; give it one"
WRAPPED = f'Revision "iris-predictor-00001" failed with message: {TEXT}.'
MISSING = 'Configuration "iris-predictor" does not have any ready Revision.'


def condition(type_: str, reason: str, message: str | None = None) -> dict[str, Any]:
    return {"type": type_, "status": "False", "reason": reason, "message": message}


def answer(**changes: Any) -> dict[str, Any]:
    revision = {
        "name": "iris-predictor-00001",
        "ready": False,
        "reason": f"NeedsDocker: {TEXT}",
        "desiredReplicas": 1,
        "actualReplicas": 0,
        "active": True,
        "activeReason": "",
        "pods": [
            {
                "name": "iris-x",
                "containers": [f"kserve-container waits: NeedsDocker: {TEXT}, restarted 2 times"],
                "warnings": [f"Failed: Error: {TEXT}"],
            }
        ],
    }
    return {
        "name": "iris",
        "ready": False,
        "reason": f"NeedsDocker: {TEXT}",
        "causes": [
            {
                "component": "predictor",
                "reason": "NeedsDocker",
                "message": TEXT,
                "failed": True,
                "revision": "iris-predictor-00001",
                "pod": "iris-x",
                "container": "kserve-container",
            }
        ],
        "notReady": [
            condition("PredictorReady", "RevisionMissing", MISSING),
            condition("PredictorConfigurationReady", "RevisionFailed", WRAPPED),
            condition("PredictorRouteReady", "RevisionMissing", MISSING),
        ],
        "model": {
            "states": {"targetModelState": "FailedToLoad"},
            "transitionStatus": "BlockedByFailedLoad",
            "lastFailureInfo": {"reason": "RuntimeUnhealthy", "message": f"NeedsDocker: {TEXT}"},
        },
        "runtime": None,
        "traffic": [],
        "revisions": [revision],
        "events": [],
        **changes,
    }


def test_the_deepest_cause_is_first_and_every_text_is_told_once() -> None:
    lines = render(answer())
    assert lines == [
        f"iris is not ready: NeedsDocker: {TEXT}",
        "  found at container kserve-container of Pod iris-x",
        f"  PredictorReady is False: RevisionMissing: {MISSING}",
        (
            "  PredictorConfigurationReady is False: RevisionFailed: "
            'Revision "iris-predictor-00001" failed with message (as above)'
        ),
        "  PredictorRouteReady is False: RevisionMissing (as above)",
        "Model: FailedToLoad, BlockedByFailedLoad.",
        "  RuntimeUnhealthy (as above)",
        "Runtime: the containers that the manifest gives.",
        "Traffic: none yet.",
        "Revision iris-predictor-00001: 0 replicas, 1 wanted.",
        "  not ready (as above)",
        "  iris-x: kserve-container waits (as above), restarted 2 times",
        "  iris-x: Failed: Error (as above)",
    ]


def test_without_a_cause_the_first_condition_is_the_reason() -> None:
    lines = render(answer(causes=[], reason=f"RevisionMissing: {MISSING}"))
    assert lines[0] == f"iris is not ready: RevisionMissing: {MISSING}"
    assert lines[1] == "  PredictorReady is False: RevisionMissing (as above)"


def test_a_cause_above_the_pods_names_the_revision() -> None:
    cause = answer()["causes"][0] | {"pod": "", "container": ""}
    assert render(answer(causes=[cause]))[1] == "  found at revision iris-predictor-00001"


def test_further_causes_follow() -> None:
    first = answer()["causes"][0]
    second = first | {"component": "transformer", "message": "no such image", "pod": "iris-t"}
    lines = render(answer(causes=[first, second]))
    assert lines[2:4] == [
        "  and the transformer: NeedsDocker: no such image",
        "  found at container kserve-container of Pod iris-t",
    ]


def test_a_short_message_may_be_repeated() -> None:
    lines = tell_once(["iris is not ready: Failed: boom", "  Error: boom"], ["boom"])
    assert lines[1] == "  Error: boom"


def test_the_log_of_decisions_has_a_line_for_each() -> None:
    calm = {
        "secondsAgo": 4.2,
        "valid": True,
        "desired": 1,
        "panicMode": False,
        "reasons": ["concurrency 0.50 over 60s wants 1"],
    }
    burst = calm | {"secondsAgo": 0.0, "desired": 9, "panicMode": True, "reasons": ["a", "b"]}
    blind = calm | {"valid": False, "reasons": ["no reports"]}
    revisions = [{"name": "r1", "decisions": [blind, calm, burst]}, {"name": "r2"}]
    assert render_decisions(answer(revisions=revisions)) == [
        "Revision r1:",
        "  4 s ago: unchanged: no reports",
        "  4 s ago: 1 wanted: concurrency 0.50 over 60s wants 1",
        "  0 s ago: 9 wanted, in panic mode: a; b",
        "Revision r2:",
        "  no decision yet",
    ]
    assert render_decisions(answer(revisions=[])) == ["iris has no revision yet."]


def test_requests_are_told_where_they_are() -> None:
    revision = answer()["revisions"][0] | {"requestsRunning": 3, "requestsHeld": 2}
    lines = render(answer(revisions=[revision]))
    assert "  requests: 3 in flight, 2 held until a replica is free" in lines
