"""Environment variables and workerSpec: blocked names, and the rules of multi-node predictors.

validateBlockedEnvVars and validateMultiNodeVariables of inference_service_validation.go, and their
like in webhook/admission/servingruntime.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from kfsim.api.core import Container
from kfsim.api.kserve.keys import AUTOSCALER_CLASS, SERVING_CONTAINER
from kfsim.api.kserve.types import (
    FRAMEWORKS,
    ComponentSpec,
    InferenceService,
    PredictorSpec,
    ServingRuntimeSpec,
)
from kfsim.base.errors import Cause

_BLOCKED: Final = ("PYTHONPATH",)
_SIZES: Final = ("PIPELINE_PARALLEL_SIZE", "TENSOR_PARALLEL_SIZE")
_SIZE_FIELDS: Final = (
    ("pipelineParallelSize", "PipelineParallelSize"),
    ("tensorParallelSize", "TensorParallelSize"),
)
_WORKER_CONTAINER: Final = "worker-container"
_GPU_TYPES_ANNOTATION: Final = "serving.kserve.io/gpu-resource-types"
_GPU_TYPES: Final = ("nvidia.com/gpu", "amd.com/gpu", "intel.com/gpu", "habana.ai/gaudi")
_UNKNOWN_GPU: Final = (
    f"Unknown GPU resource type. Set '{_GPU_TYPES_ANNOTATION}' annotation to use custom gpu "
    "resource type"
)
_BASIC: Final = ("cpu", "memory", "storage", "ephemeral-storage")


def validate_environment(isvc: InferenceService) -> Iterator[Cause]:
    """No container sets a variable that changes which code the server runs."""
    spec = isvc.spec
    prefix = f'the InferenceService "{isvc.metadata.name}" is invalid: '
    for cause in _predictor_environment(spec.predictor):
        yield Cause(cause.field, prefix + cause.message)
    for name, component in (("transformer", spec.transformer), ("explainer", spec.explainer)):
        if component is not None:
            for cause in _component_environment(component, f"spec.{name}"):
                yield Cause(cause.field, prefix + cause.message)
    if spec.explainer is not None and spec.explainer.art is not None:
        for cause in blocked_variables([spec.explainer.art], "spec.explainer.art"):
            yield Cause(cause.field, prefix + cause.message)


def blocked_variables(containers: Iterable[Container], path: str) -> Iterator[Cause]:
    for container in containers:
        for variable in container.env:
            if variable.name in _BLOCKED:
                yield Cause(f"{path}.env", _not_allowed(variable.name, container.name or ""))


def worker_variables(worker: Mapping[str, Any] | None, path: str) -> Iterator[Cause]:
    """The same for workerSpec, which is kept as it came."""
    for field in ("containers", "initContainers"):
        for container in _dicts((worker or {}).get(field)):
            for variable in _dicts(container.get("env")):
                if variable.get("name") in _BLOCKED:
                    text = _not_allowed(str(variable["name"]), str(container.get("name", "")))
                    yield Cause(f"{path}.workerSpec.{field}.env", text)


def validate_multi_node(isvc: InferenceService) -> Iterator[Cause]:
    """What a predictor with workerSpec may not say."""
    worker = isvc.spec.predictor.worker_spec
    if worker is None:
        return
    prefix = f'the InferenceService "{isvc.metadata.name}" is invalid: '
    for field, text in _multi_node(isvc, worker):
        yield Cause(f"spec.predictor.{field}", prefix + text)


def worker_causes(spec: ServingRuntimeSpec) -> Iterator[Cause]:
    """What a runtime with workerSpec may not say (validateMultiNodeSpec)."""
    worker = spec.worker_spec
    if worker is None:
        return
    workers = _dicts(worker.get("containers"))
    if len(workers) > 1:
        text = "setting multiple containers in workerSpec is not allowed"
        yield Cause("spec.workerSpec.containers", text)
    for container in spec.containers:
        if container.name != SERVING_CONTAINER:
            continue
        named = {variable.name for variable in container.env}
        for name in _SIZES:
            if name in named:
                text = f"setting {name} in environment variables is not allowed"
                yield Cause("spec.containers.env", text)
        resources = container.resources.model_dump() if container.resources is not None else {}
        if _has_unknown_gpu(resources, spec.annotations):
            text = f"unknown GPU resource type in a container({SERVING_CONTAINER})"
            yield Cause("spec.containers.resources", text)
    for each in workers[:1]:
        unknown = _has_unknown_gpu(each.get("resources") or {}, spec.annotations)
        if each.get("name") == _WORKER_CONTAINER and unknown:
            text = f"unknown GPU resource type in a container({_WORKER_CONTAINER})"
            yield Cause("spec.workerSpec.containers", text)
    for field, name in _SIZE_FIELDS:
        size = worker.get(field)
        if isinstance(size, int) and size < 1:
            text = f"the WorkerSpec.{name} cannot be less than 1({size})"
            yield Cause(f"spec.workerSpec.{field}", text)


def _multi_node(isvc: InferenceService, worker: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    containers = _dicts(worker.get("containers"))
    if len(containers) > 1:
        yield "workerSpec.containers", "setting multiple containers in workerSpec is not allowed"
    yield from _multi_node_model(isvc)
    for field, name in _SIZE_FIELDS:
        size = worker.get(field)
        if isinstance(size, int) and size < 1:
            yield f"workerSpec.{field}", f"WorkerSpec.{name} cannot be less than 1({size})"
    for container in containers:
        if _has_unknown_gpu(container.get("resources") or {}, isvc.metadata.annotations):
            yield "workerSpec.containers", _UNKNOWN_GPU


def _multi_node_model(isvc: InferenceService) -> Iterator[tuple[str, str]]:
    model, annotations = isvc.spec.predictor.model, isvc.metadata.annotations
    if model is None:
        return
    named = {variable.name for variable in model.env}
    for name in _SIZES:
        if name in named:
            yield "model.env", f"setting {name} in environment variables is not allowed"
    resources = model.resources.model_dump() if model.resources is not None else {}
    if _has_unknown_gpu(resources, annotations):
        yield "model.resources", _UNKNOWN_GPU
    scheme = (model.storage_uri or "").split("://")[0]
    if model.storage_uri is None:
        yield "model.storageUri", "StorageURI must be set for multinode enabled"
    elif scheme not in ("pvc", "oci"):
        text = f"Multinode only supports 'pvc' and 'oci' Storage Protocol({scheme})"
        yield "model.storageUri", text
    autoscaler = annotations.get(AUTOSCALER_CLASS, "")
    if autoscaler != "none":
        yield "workerSpec", f"Multinode only supports 'none' autoscaler({autoscaler})"


def _has_unknown_gpu(resources: Mapping[str, Any], annotations: Mapping[str, str]) -> bool:
    asked = {name for field in ("limits", "requests") for name in resources.get(field) or {}}
    return bool(asked - {*_BASIC, *_GPU_TYPES, *_own_gpu_types(annotations)})


def _own_gpu_types(annotations: Mapping[str, str]) -> list[str]:
    """A JSON list of names; what is none counts as absent."""
    try:
        given = json.loads(annotations.get(_GPU_TYPES_ANNOTATION, "[]"))
    except ValueError:
        return []
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []


def _predictor_environment(predictor: PredictorSpec) -> Iterator[Cause]:
    yield from _component_environment(predictor, "spec.predictor")
    for name in ("model", *FRAMEWORKS):
        extension = getattr(predictor, name)
        if extension is not None:
            yield from blocked_variables([extension], f"spec.predictor.{name}")
    yield from worker_variables(predictor.worker_spec, "spec.predictor")


def _component_environment(component: ComponentSpec, path: str) -> Iterator[Cause]:
    yield from blocked_variables(component.containers, f"{path}.containers")
    yield from blocked_variables(component.init_containers, f"{path}.initContainers")


def _not_allowed(variable: str, container: str) -> str:
    return f'setting {variable} in container "{container}" is not allowed for security reasons'


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
