"""Rules of spec.canary, KServe 0.20's canary for Standard mode (validateCanarySpecs).

Not to be confused with canaryTrafficPercent, which is the canary of Knative mode.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kfsim.api.kserve import InferenceService
from kfsim.api.kserve_keys import DEPLOYMENT_MODE, STANDARD
from kfsim.base.errors import Cause

# A canary runs a fixed number of replicas of one node, so these may not be set in it.
_FIXED: Final = ("maxReplicas", "scaleTarget", "scaleMetric", "autoScaling", "workerSpec")


def validate_canary(isvc: InferenceService) -> Iterator[Cause]:
    canaries = isvc.spec.canary
    if not canaries:
        return
    if isvc.metadata.annotations.get(DEPLOYMENT_MODE) != STANDARD:
        yield Cause("spec.canary", f"canary is only supported in {STANDARD} deployment mode")
        return
    stable = isvc.spec.predictor.min_replicas
    names: set[str] = set()
    total = 0
    for index, canary in enumerate(canaries):
        path = f"spec.canary[{index}]"
        predictor: Mapping[str, Any] = canary.get("predictor") or {}
        name = predictor.get("name")
        percent = canary.get("trafficPercent", 0)
        if not name:
            yield Cause(f"{path}.predictor.name", f"canary[{index}] predictor.name is required")
        elif name in names:
            yield Cause(f"{path}.predictor.name", f'canary predictor.name "{name}" is duplicated')
        names.add(name or "")
        if not isinstance(percent, int) or not 0 <= percent <= 100:
            yield Cause(
                f"{path}.trafficPercent",
                f'canary "{name}" trafficPercent must be between 0 and 100, got {percent}',
            )
        else:
            total += percent
        yield from _fixed_fields(name, predictor, path, 1 if stable is None else stable)
    if total > 100:
        yield Cause("spec.canary", f"sum of canary trafficPercent values ({total}) must be <= 100")


def _fixed_fields(
    name: object, predictor: Mapping[str, Any], path: str, stable: int
) -> Iterator[Cause]:
    for field in _FIXED:
        if predictor.get(field):
            yield Cause(
                f"{path}.predictor.{field}",
                f'canary "{name}" must not set {field} (canary uses fixed replicas)',
            )
    least = predictor.get("minReplicas")
    if isinstance(least, int) and least > stable:
        yield Cause(
            f"{path}.predictor.minReplicas",
            f'canary "{name}" minReplicas ({least}) must not exceed stable predictor minReplicas '
            f"({stable})",
        )
