"""What KServe's mutating webhook fills in (pkg/apis/serving/v1beta1/inference_service_defaults.go).

A framework block becomes the `model` form, old deployment-mode names become the current ones, and
custom containers get a name and resources. What depends on the chosen runtime is not written to
the object: the reconciler adds it to the Pod template only.
"""

from typing import Final, TypeVar

from kfsim.api.core import Container, ResourceRequirements
from kfsim.api.kserve import (
    FRAMEWORKS,
    ComponentSpec,
    InferenceService,
    InferenceServiceSpec,
    ModelFormat,
    ModelSpec,
    PredictorExtension,
    PredictorSpec,
)
from kfsim.api.kserve_keys import (
    DEPLOYMENT_MODE,
    LEGACY_DEPLOYMENT_MODES,
    MODEL_FORMAT,
    SERVING_CONTAINER,
)

C = TypeVar("C", bound=ComponentSpec)
D = TypeVar("D", bound=Container)

# Servers that never spoke v1: blocks of the first, model formats of the second.
_V2_BLOCKS: Final = frozenset({"triton", "onnx", "huggingface"})
_V2_FORMATS: Final = frozenset({"triton", "vLLM"})
# ConfigMap inferenceservice-config, key inferenceService.resource.
_RESOURCES: Final = {"cpu": "1", "memory": "2Gi"}


def default_inference_service(isvc: InferenceService) -> InferenceService:
    """The object as a cluster would store it; idempotent."""
    predictor = _default_predictor(isvc.spec.predictor)
    changes: dict[str, object] = {"predictor": predictor}
    if isvc.spec.transformer is not None:
        changes["transformer"] = _default_custom(isvc.spec.transformer, always_name=True)
    if isvc.spec.explainer is not None and isvc.spec.explainer.containers:
        changes["explainer"] = _default_custom(isvc.spec.explainer, always_name=True)
    annotations = _default_annotations(isvc.metadata.annotations, predictor)
    if annotations != isvc.metadata.annotations:
        isvc = isvc.replaced(metadata=isvc.metadata.replaced(annotations=annotations))
    spec: InferenceServiceSpec = isvc.spec.replaced(**changes)
    return isvc if spec == isvc.spec else isvc.replaced(spec=spec)


def _default_annotations(annotations: dict[str, str], predictor: PredictorSpec) -> dict[str, str]:
    result = dict(annotations)
    mode = result.get(DEPLOYMENT_MODE)
    if mode in LEGACY_DEPLOYMENT_MODES:
        result[DEPLOYMENT_MODE] = LEGACY_DEPLOYMENT_MODES[mode]
    if predictor.model is not None and predictor.model.model_format.name:
        result.setdefault(MODEL_FORMAT, predictor.model.model_format.name)
    return result


def _default_predictor(predictor: PredictorSpec) -> PredictorSpec:
    blocks = [name for name in FRAMEWORKS if getattr(predictor, name) is not None]
    if len(blocks) == 1:  # over a `model` that an earlier version of the block became
        (block,) = blocks
        model = _model_of(block, getattr(predictor, block))
        predictor = predictor.replaced(**{block: None, "model": model})
    model_spec = predictor.model
    if model_spec is None:
        return _default_custom(predictor, always_name=False)
    if model_spec.protocol_version is None and model_spec.model_format.name in _V2_FORMATS:
        predictor = predictor.replaced(model=model_spec.replaced(protocol_version="v2"))
    return predictor


def _model_of(block: str, extension: PredictorExtension) -> ModelSpec:
    given = {name: getattr(extension, name) for name in extension.model_fields_set}
    if block in _V2_BLOCKS and extension.protocol_version is None:
        given["protocol_version"] = "v2"
    return ModelSpec(model_format=ModelFormat(name=block)).replaced(**given)


def _default_custom(component: C, *, always_name: bool) -> C:
    """Name and size the first container; the others are the user's own affair."""
    if not component.containers:
        return component
    first, *others = component.containers
    if always_name or not others or not first.name:
        first = first.replaced(name=SERVING_CONTAINER)
    first = with_default_resources(first)
    return component.replaced(containers=(first, *others))


def with_default_resources(container: D) -> D:
    """Requests and limits where they are missing."""
    given = container.resources or ResourceRequirements()
    resources = given.replaced(
        requests={**_RESOURCES, **given.requests}, limits={**_RESOURCES, **given.limits}
    )
    return container if resources == given else container.replaced(resources=resources)
