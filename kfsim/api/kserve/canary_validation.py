"""Rules of spec.canary, KServe 0.20's canary for Standard mode (validateCanarySpecs).

Not to be confused with canaryTrafficPercent, which is the canary of Knative mode.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from kfsim.api.kserve.keys import DEPLOYMENT_MODE, STANDARD
from kfsim.api.kserve.types import FRAMEWORKS, InferenceService, PredictorSpec
from kfsim.base.errors import Cause

CheckPredictor = Callable[[PredictorSpec, str], Iterable[Cause]]
"""Causes of a predictor at a path, as those of the stable one."""

# A canary runs a fixed number of replicas of one node, so these may not be set in it.
_FIXED: Final = {
    "max_replicas": "maxReplicas",
    "scale_target": "scaleTarget",
    "scale_metric": "scaleMetric",
    "auto_scaling": "autoScaling",
}


def validate_canary(isvc: InferenceService, check: CheckPredictor) -> Iterator[Cause]:
    """Causes in the order of the webhook's checks."""
    canaries, stable = isvc.spec.canary, isvc.spec.predictor
    if not canaries:
        return
    if isvc.metadata.annotations.get(DEPLOYMENT_MODE) != STANDARD:
        yield Cause("spec.canary", f"canary is only supported in {STANDARD} deployment mode")
        return
    if not any(getattr(stable, name) is not None for name in (*FRAMEWORKS, "model")):
        yield Cause(
            "spec.canary",
            "canary requires a stable predictor with a model (multi-model serving is not "
            "supported with canary)",
        )
    names: set[str] = set()
    for index, canary in enumerate(canaries):
        path, name = f"spec.canary[{index}]", canary.predictor.name or ""
        yield from _name(name, names, f"{path}.predictor.name", index=index, stable=stable)
        names.add(name)
        if not 0 <= canary.traffic_percent <= 100:
            yield Cause(
                f"{path}.trafficPercent",
                f'canary "{name}" trafficPercent must be between 0 and 100, got '
                f"{canary.traffic_percent}",
            )
        for cause in check(canary.predictor, f"{path}.predictor"):
            yield Cause(cause.field, f'canary "{name}" predictor: {cause.message}')
        yield from _fixed_fields(canary.predictor, stable, f"{path}.predictor")
    total = sum(canary.traffic_percent for canary in canaries)
    if total > 100:
        yield Cause("spec.canary", f"sum of canary trafficPercent values ({total}) must be <= 100")


def _name(
    name: str, taken: set[str], path: str, *, index: int, stable: PredictorSpec
) -> Iterator[Cause]:
    if not name:
        yield Cause(path, f"canary[{index}] predictor.name is required")
    elif name in taken:
        yield Cause(path, f'canary predictor.name "{name}" is duplicated')
    elif name == stable.name:
        yield Cause(path, f'canary predictor.name "{name}" conflicts with stable predictor name')


def _fixed_fields(predictor: PredictorSpec, stable: PredictorSpec, path: str) -> Iterator[Cause]:
    name = predictor.name or ""
    if predictor.worker_spec is not None:
        yield Cause(
            f"{path}.workerSpec",
            f'canary "{name}" must not set workerSpec (multi-node is not yet supported for canary)',
        )
    for field, wire in _FIXED.items():
        value = getattr(predictor, field)
        if value is not None and not (field == "max_replicas" and value <= 0):
            yield Cause(
                f"{path}.{wire}",
                f'canary "{name}" must not set {wire} (canary uses fixed replicas)',
            )
    least, most = predictor.min_replicas, stable.min_replicas
    allowed = 1 if most is None else most
    if least is not None and least > allowed:
        yield Cause(
            f"{path}.minReplicas",
            f'canary "{name}" minReplicas ({least}) must not exceed stable predictor minReplicas '
            f"({allowed})",
        )
