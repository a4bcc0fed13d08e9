"""What KServe's validating webhooks refuse (inference_service_validation.go, component.go).

Each rule gives a Cause with the field and the webhook's gist; the webhook reports the first one.
Rules of spec.canary and of the scaling fields have modules of their own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from kfsim.api.core import Container
from kfsim.api.kserve.canary_validation import validate_canary
from kfsim.api.kserve.environment_validation import validate_environment, validate_multi_node
from kfsim.api.kserve.keys import (
    DEPLOYMENT_MODE,
    KFSIM_RUNTIME,
    KNATIVE,
    LEGACY_DEPLOYMENT_MODES,
    MODEL_MESH,
    PROTOCOL_ENV,
    SERVING_CONTAINER,
    STANDARD,
    STORAGE_URI_ENV,
    TRANSFORMER_CONTAINER,
)
from kfsim.api.kserve.scaling_validation import validate_autoscaler_class, validate_scaling
from kfsim.api.kserve.storage_validation import storage_uri, validate_storage_uris
from kfsim.api.kserve.types import (
    FRAMEWORKS,
    ComponentSpec,
    InferenceService,
    LoggerSpec,
    PredictorSpec,
)
from kfsim.api.podspec_validation import validate_container, validate_pod_spec
from kfsim.base.errors import Cause

_NAME: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_PREDICTOR_KINDS: Final = (
    "SKLearn, XGBoost, Tensorflow, PyTorch, Triton, ONNX, HuggingFace, PMML, LightGBM, Paddle, "
    "Model, PodSpec"
)
_BACKENDS: Final = ("auto", "docker", "process")
_PROTOCOLS: Final = ("v1", "v2", "grpc-v1", "grpc-v2")
_LOGGER_MODES: Final = ("all", "request", "response")
_EXPLAINERS: Final = ("art", "alibi", "aix")


def validate_inference_service(isvc: InferenceService, old: InferenceService | None) -> list[Cause]:
    """Causes in the order of the webhook's checks, of which it reports the first."""
    return list(_isvc_causes(isvc, old))


def _isvc_causes(isvc: InferenceService, old: InferenceService | None) -> Iterator[Cause]:
    annotations = isvc.metadata.annotations
    predictor = isvc.spec.predictor
    if old is not None:
        yield from _deployment_mode_change(annotations, old)
        yield from _predictor_name_change(predictor, old.spec.predictor)
    yield from check_name(isvc.metadata.name)
    yield from _deployment_mode(annotations)
    yield from validate_autoscaler_class(annotations)
    yield from validate_environment(isvc)
    yield from validate_multi_node(isvc)
    yield from _collocated_transformer(predictor)
    yield from _standard_predictor_name(predictor)
    yield from validate_storage_uris(isvc)
    yield from _exactly_one_predictor(predictor)
    yield from _predictor_values(predictor)
    yield from _component(predictor, "predictor", annotations)
    yield from _other_components(isvc, annotations)
    yield from check_replica_backend(isvc)
    yield from validate_canary(isvc, _canary_predictor)


def check_replica_backend(isvc: InferenceService) -> Iterator[Cause]:
    """kfsim's own annotation, on the service or on a component."""
    spec = isvc.spec
    places = {"metadata": isvc.metadata.annotations, "spec.predictor": spec.predictor.annotations}
    for name, component in (("transformer", spec.transformer), ("explainer", spec.explainer)):
        if component is not None:
            places[f"spec.{name}"] = component.annotations
    for path, annotations in places.items():
        wanted = annotations.get(KFSIM_RUNTIME)
        if wanted is not None and wanted not in _BACKENDS:
            yield Cause(
                f"{path}.annotations[{KFSIM_RUNTIME}]",
                f'Unsupported value: "{wanted}": supported values: {", ".join(_BACKENDS)}',
                "FieldValueNotSupported",
            )


def _other_components(isvc: InferenceService, annotations: Mapping[str, str]) -> Iterator[Cause]:
    transformer, explainer = isvc.spec.transformer, isvc.spec.explainer
    if transformer is not None:
        if not transformer.containers:
            yield _one_of("PodSpec", "TransformerSpec", "spec.transformer", "none")
        yield from _component(transformer, "transformer", annotations)
    if explainer is not None:
        given = [name for name in _EXPLAINERS if getattr(explainer, name) is not None]
        given += ["containers"] if explainer.containers else []
        if len(given) != 1:
            found = ", ".join(given) or "none"
            yield _one_of("ART, PodSpec", "ExplainerSpec", "spec.explainer", found)
        yield from _component(explainer, "explainer", annotations)


def check_name(name: str) -> Iterator[Cause]:
    """An InferenceService's name is stricter than Kubernetes' own rule."""
    if not _NAME.fullmatch(name):
        yield Cause(
            "metadata.name",
            f'the InferenceService "{name}" is invalid: a InferenceService name must consist of '
            "lower case alphanumeric characters or '-', and must start with alphabetical "
            'character. (e.g. "my-name" or "abc-123", regex used for validation is '
            f"'{_NAME.pattern}')",
        )


def _deployment_mode(annotations: Mapping[str, str]) -> Iterator[Cause]:
    mode = annotations.get(DEPLOYMENT_MODE)
    known = (KNATIVE, STANDARD, MODEL_MESH, *LEGACY_DEPLOYMENT_MODES)
    if mode is not None and mode not in known:
        yield Cause(
            f"metadata.annotations[{DEPLOYMENT_MODE}]",
            f"unknown deploymentMode '{mode}'; it must be one of {', '.join(known)}",
        )


def _deployment_mode_change(
    annotations: Mapping[str, str], old: InferenceService
) -> Iterator[Cause]:
    wanted, recorded = annotations.get(DEPLOYMENT_MODE), old.status.deployment_mode
    recorded = LEGACY_DEPLOYMENT_MODES.get(recorded or "", recorded)
    if wanted and recorded and wanted != recorded:
        yield Cause(
            f"metadata.annotations[{DEPLOYMENT_MODE}]",
            f"update rejected: deploymentMode cannot be changed from '{recorded}' to '{wanted}'; "
            "delete the InferenceService and create it again",
        )


def _predictor_name_change(predictor: PredictorSpec, old: PredictorSpec) -> Iterator[Cause]:
    if predictor.name != old.name and storage_uri(predictor) == storage_uri(old):
        yield Cause(
            "spec.predictor.name",
            "predictor.name change requires a model change (e.g. storageUri)",
        )


def _canary_predictor(predictor: PredictorSpec, path: str) -> Iterator[Cause]:
    """What holds for the stable predictor too."""
    yield from _exactly_one_predictor(predictor, path)
    yield from _predictor_values(predictor, path)
    yield from _extensions(predictor, path)


def predictor_kinds(predictor: PredictorSpec) -> list[str]:
    """The implementations a predictor names, in wire spelling.

    Beside a framework or model, containers count only when one takes the serving container's
    name: others are collocated (PredictorSpec.GetImplementations).
    """
    given = [name for name in (*FRAMEWORKS, "model") if getattr(predictor, name) is not None]
    serving = any(container.name == SERVING_CONTAINER for container in predictor.containers)
    if predictor.containers and (serving or not given):
        given.append("containers")
    return given


def _exactly_one_predictor(
    predictor: PredictorSpec, path: str = "spec.predictor"
) -> Iterator[Cause]:
    given = predictor_kinds(predictor)
    if len(given) != 1:
        found = ", ".join(given) or "none"
        yield _one_of(_PREDICTOR_KINDS, "PredictorSpec", path, found)


def _one_of(kinds: str, where: str, field: str, found: str) -> Cause:
    return Cause(field, f"exactly one of [{kinds}] must be specified in {where} (found: {found})")


def _standard_predictor_name(predictor: PredictorSpec) -> Iterator[Cause]:
    for block in (*FRAMEWORKS, "model"):
        extension = getattr(predictor, block)
        if extension is not None and extension.name:
            yield Cause(
                f"spec.predictor.{block}.name",
                "the 'name' field is not allowed in standard predictor",
            )


def _predictor_values(predictor: PredictorSpec, path: str = "spec.predictor") -> Iterator[Cause]:
    model = predictor.model
    if model is None:
        if predictor.containers:
            yield from _custom_protocol(predictor.containers[0], f"{path}.containers[0]")
        return
    path = f"{path}.model"
    if not model.model_format.name:
        yield Cause(f"{path}.modelFormat.name", "must name a model format", "FieldValueRequired")
    if model.protocol_version is not None and model.protocol_version not in _PROTOCOLS:
        yield Cause(
            f"{path}.protocolVersion",
            f"invalid protocol {model.protocol_version}. Must be one of [{', '.join(_PROTOCOLS)}]",
        )
    yield from validate_container(model, path=path)


def _custom_protocol(container: Container, path: str) -> Iterator[Cause]:
    for variable in container.env:
        if variable.name == PROTOCOL_ENV and variable.value not in ("v1", "v2"):
            yield Cause(
                f"{path}.env",
                f"invalid protocol {variable.value}. Must be one of [v1, v2]",
            )


def _collocated_transformer(predictor: PredictorSpec) -> Iterator[Cause]:
    for index, container in enumerate(predictor.containers):
        named = (variable.name for variable in container.env)
        if container.name == TRANSFORMER_CONTAINER and STORAGE_URI_ENV in named:
            yield Cause(
                f"spec.predictor.containers[{index}].env",
                "storage uri should not be specified in transformer container",
            )


def _component(
    component: ComponentSpec, name: str, annotations: Mapping[str, str]
) -> Iterator[Cause]:
    path = f"spec.{name}"
    yield from _extensions(component, path)
    yield from validate_scaling(component, path, annotations)
    yield from validate_pod_spec(component, path=path)


def _extensions(component: ComponentSpec, path: str) -> Iterator[Cause]:
    """ComponentExtensionSpec.Validate, and the ranges that the CRD has."""
    concurrency = component.container_concurrency
    if concurrency is not None and concurrency < 0:
        yield Cause(f"{path}.containerConcurrency", "parallelism cannot be less than 0")
    yield from _replicas(component, path)
    yield from check_percent(component.canary_traffic_percent, path)
    if component.timeout is not None and component.timeout < 0:
        yield Cause(f"{path}.timeout", f"timeout cannot be less than 0, got {component.timeout}")
    yield from _logger(component.logger, path)


def check_percent(percent: int | None, path: str) -> Iterator[Cause]:
    """`path` is the component's."""
    if percent is not None and not 0 <= percent <= 100:
        yield Cause(
            f"{path}.canaryTrafficPercent",
            f"canaryTrafficPercent must be between 0 and 100, got {percent}",
        )


def _replicas(component: ComponentSpec, path: str) -> Iterator[Cause]:
    least = 1 if component.min_replicas is None else component.min_replicas
    most = component.max_replicas or 0
    if least < 0:
        yield Cause(f"{path}.minReplicas", "'MinReplicas' cannot be less than 0")
    if most < 0:
        yield Cause(f"{path}.maxReplicas", "'MaxReplicas' cannot be less than 0")
    elif least > most != 0:
        yield Cause(f"{path}.minReplicas", "'MinReplicas' cannot be greater than MaxReplicas")


def _logger(logger: LoggerSpec | None, path: str) -> Iterator[Cause]:
    if logger is None:
        return
    if logger.mode not in _LOGGER_MODES:
        yield Cause(f"{path}.logger.mode", "invalid logger type")
    storage = logger.storage
    if storage is not None and not all(storage.get(key) for key in ("path", "parameters", "key")):
        yield Cause(f"{path}.logger.storage", "invalid logger storage configuration")
