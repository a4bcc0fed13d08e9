"""What KFServing 0.6's mutating webhook fills in (v1beta1 inference_service_defaults.go).

The framework block stays and gets its container's name, version, protocol and resources, as does
the first of custom containers. A component without exactly one implementation is left alone, for
the validating webhook to refuse.
"""

from typing import TypeVar

from kfsim.api.compat import KFSERVING
from kfsim.api.core import Container
from kfsim.api.kfserving.servers import V1, WITH_PROTOCOL, default_version, find_blocks
from kfsim.api.kserve.defaults import with_default_resources
from kfsim.api.kserve.types import (
    ComponentSpec,
    InferenceService,
    PredictorExtension,
    PredictorSpec,
)

C = TypeVar("C", bound=ComponentSpec)


def default_inference_service(isvc: InferenceService) -> InferenceService:
    """The object as a cluster with KFServing 0.6 would store it; idempotent."""
    changes: dict[str, object] = {"predictor": _default_predictor(isvc.spec.predictor)}
    if isvc.spec.transformer is not None:
        changes["transformer"] = _default_custom(isvc.spec.transformer)
    if isvc.spec.explainer is not None:
        changes["explainer"] = _default_custom(isvc.spec.explainer)
    spec = isvc.spec.replaced(**changes)
    return isvc if spec == isvc.spec else isvc.replaced(spec=spec)


def _default_predictor(predictor: PredictorSpec) -> PredictorSpec:
    blocks = find_blocks(predictor)
    if predictor.containers:
        return predictor if blocks else _default_custom(predictor)
    if len(blocks) != 1:
        return predictor
    (block,) = blocks
    return predictor.replaced(**{block: _default_server(block, getattr(predictor, block))})


def _default_server(block: str, extension: PredictorExtension) -> PredictorExtension:
    """The version goes by the protocol as it was given."""
    version = extension.runtime_version or default_version(block, extension)
    protocol = extension.protocol_version or (V1 if block in WITH_PROTOCOL else None)
    named = _named(extension)
    return named.replaced(runtime_version=version, protocol_version=protocol)


def _default_custom(component: C) -> C:
    if not component.containers:
        return component
    first, *others = component.containers
    return component.replaced(containers=(_named(first), *others))


D = TypeVar("D", bound=Container)


def _named(container: D) -> D:
    return with_default_resources(container.replaced(name=KFSERVING.serving_container))
