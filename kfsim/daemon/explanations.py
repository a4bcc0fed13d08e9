"""What `/kfsim/v1/why` answers: the store's view of a service joined with its autoscaler's."""

from typing import Any

from kfsim.autoscaler.decider import ScaleResult
from kfsim.base.types import RevisionKey
from kfsim.controllers.inferenceservice import explain
from kfsim.controllers.podautoscaler import Scaling
from kfsim.replicas.marks import DOCKER
from kfsim.store import Store

_DECISIONS_SHOWN = 3


def explain_service(
    store: Store, scaling: Scaling | None, namespace: str, name: str, *, engine_problem: str = ""
) -> dict[str, Any]:
    """Readiness, runtime, traffic, replicas and the latest decisions. Raises NotFound.

    `engine_problem` is why containers cannot be seen or changed at the moment.
    """
    answer = explain(store, namespace, name)
    for revision in answer["revisions"]:
        backend = revision["backend"]
        if engine_problem and backend is not None and backend["name"] == DOCKER:
            backend["problem"] = engine_problem
        if scaling is None:
            continue
        explanation = scaling.explain(RevisionKey(namespace, revision["name"]))
        revision["scaling"] = list(explanation.step.reasons) if explanation.step else []
        revision["decisions"] = [
            _decision(each) for each in explanation.decisions[-_DECISIONS_SHOWN:]
        ]
    return answer


def _decision(result: ScaleResult) -> dict[str, Any]:
    return {
        "at": result.decided_at,
        "valid": result.scale_valid,
        "desired": result.desired_pod_count,
        "stable": result.stable_value,
        "panic": result.panic_value,
        "panicMode": result.panic_mode,
        "reasons": list(result.reasons),
    }
