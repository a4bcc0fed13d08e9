"""What `/kfsim/v1/why` answers: the store's view of a service joined with its autoscaler's."""

from typing import Any

from kfsim.api.compat import CURRENT, Profile
from kfsim.api.substitution import LocalMaps
from kfsim.autoscaler.decider import ScaleResult
from kfsim.base.types import RevisionKey
from kfsim.controllers.inferenceservice import explain
from kfsim.controllers.podautoscaler import Scaling
from kfsim.store import Store

_NO_MAPS = LocalMaps()


def explain_service(
    store: Store,
    scaling: Scaling | None,
    namespace: str,
    name: str,
    maps: LocalMaps = _NO_MAPS,
    *,
    strict: bool = False,
    profile: Profile = CURRENT,
) -> dict[str, Any]:
    """Readiness, runtime, traffic, replicas and the latest decisions. Raises NotFound."""
    answer = explain(store, namespace, name, maps, strict=strict, profile=profile)
    for revision in answer["revisions"]:
        if scaling is None:
            continue
        explanation = scaling.explain(RevisionKey(namespace, revision["name"]))
        revision["scaling"] = list(explanation.step.reasons) if explanation.step else []
        revision["decisions"] = [_decision(each, explanation.at) for each in explanation.decisions]
    return answer


def _decision(result: ScaleResult, now: float) -> dict[str, Any]:
    return {
        "at": result.decided_at,
        "secondsAgo": now - result.decided_at,
        "valid": result.scale_valid,
        "desired": result.desired_pod_count,
        "stable": result.stable_value,
        "panic": result.panic_value,
        "panicMode": result.panic_mode,
        "reasons": list(result.reasons),
    }
