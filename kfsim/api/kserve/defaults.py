"""What KServe's mutating webhook fills in (pkg/apis/serving/v1beta1/inference_service_defaults.go).

A framework block becomes the `model` form, old deployment-mode names become the current ones, and
custom containers get a name and resources. What depends on the chosen runtime is not written to
the object: the reconciler adds it to the Pod template only.
"""

from typing import Final, TypeVar

from kfsim.api.config.inferenceservice import InferenceServiceConfig
from kfsim.api.core import Container, ResourceRequirements
from kfsim.api.kserve.keys import (
    DEPLOYMENT_MODE,
    KNATIVE,
    LEGACY_DEPLOYMENT_MODES,
    MODEL_FORMAT,
    SERVING_CONTAINER,
)
from kfsim.api.kserve.types import (
    FRAMEWORKS,
    ComponentSpec,
    InferenceService,
    InferenceServiceSpec,
    ModelFormat,
    ModelSpec,
    PredictorExtension,
    PredictorSpec,
)

C = TypeVar("C", bound=ComponentSpec)
D = TypeVar("D", bound=Container)

# Servers that never spoke v1: blocks of the first, model formats of the second.
_V2_BLOCKS: Final = frozenset({"triton", "onnx", "huggingface"})
_V2_FORMATS: Final = frozenset({"triton", "vLLM"})
_CONFIG: Final = InferenceServiceConfig()


def default_inference_service(
    isvc: InferenceService, config: InferenceServiceConfig = _CONFIG
) -> InferenceService:
    """The object as a cluster would store it; idempotent."""
    predictor = _with_token(_default_predictor(isvc.spec.predictor, config), config)
    changes: dict[str, object] = {"predictor": predictor}
    if isvc.spec.transformer is not None:
        changes["transformer"] = _with_token(
            _default_custom(isvc.spec.transformer, config, always_name=True), config
        )
    if isvc.spec.explainer is not None and isvc.spec.explainer.containers:
        changes["explainer"] = _with_token(
            _default_custom(isvc.spec.explainer, config, always_name=True), config
        )
    annotations = _default_annotations(isvc.metadata.annotations, predictor, config)
    if annotations != isvc.metadata.annotations:
        isvc = isvc.replaced(metadata=isvc.metadata.replaced(annotations=annotations))
    spec: InferenceServiceSpec = isvc.spec.replaced(**changes)
    return isvc if spec == isvc.spec else isvc.replaced(spec=spec)


def _default_annotations(
    annotations: dict[str, str], predictor: PredictorSpec, config: InferenceServiceConfig
) -> dict[str, str]:
    result = dict(annotations)
    mode = result.get(DEPLOYMENT_MODE)
    if mode in LEGACY_DEPLOYMENT_MODES:
        result[DEPLOYMENT_MODE] = LEGACY_DEPLOYMENT_MODES[mode]
    elif mode is None and config.deployment_mode != KNATIVE:
        result[DEPLOYMENT_MODE] = config.deployment_mode
    if predictor.model is not None and predictor.model.model_format.name:
        result.setdefault(MODEL_FORMAT, predictor.model.model_format.name)
    return result


def _default_predictor(predictor: PredictorSpec, config: InferenceServiceConfig) -> PredictorSpec:
    blocks = [name for name in FRAMEWORKS if getattr(predictor, name) is not None]
    if len(blocks) == 1:  # over a `model` that an earlier version of the block became
        (block,) = blocks
        model = _model_of(block, getattr(predictor, block))
        predictor = predictor.replaced(**{block: None, "model": model})
    model_spec = predictor.model
    if model_spec is None:
        return _default_custom(predictor, config, always_name=False)
    if model_spec.protocol_version is None and model_spec.model_format.name in _V2_FORMATS:
        predictor = predictor.replaced(model=model_spec.replaced(protocol_version="v2"))
    return predictor


def _model_of(block: str, extension: PredictorExtension) -> ModelSpec:
    given = {name: getattr(extension, name) for name in extension.model_fields_set}
    if block in _V2_BLOCKS and extension.protocol_version is None:
        given["protocol_version"] = "v2"
    return ModelSpec(model_format=ModelFormat(name=block)).replaced(**given)


def _with_token(component: C, config: InferenceServiceConfig) -> C:
    """Whether Pods get a token of their account, where the component does not say."""
    if config.automount_token is None or component.automount_service_account_token is not None:
        return component
    return component.replaced(automount_service_account_token=config.automount_token)


def _default_custom(component: C, config: InferenceServiceConfig, *, always_name: bool) -> C:
    """Name and size the first container; the others are the user's own affair."""
    if not component.containers:
        return component
    first, *others = component.containers
    if always_name or not others or not first.name:
        first = first.replaced(name=SERVING_CONTAINER)
    first = with_default_resources(first, config)
    return component.replaced(containers=(first, *others))


def with_default_resources(container: D, config: InferenceServiceConfig = _CONFIG) -> D:
    """Requests and limits where they are missing."""
    given = container.resources or ResourceRequirements()
    resources = given.replaced(
        requests={**config.requests, **given.requests}, limits={**config.limits, **given.limits}
    )
    return container if resources == given else container.replaced(resources=resources)
