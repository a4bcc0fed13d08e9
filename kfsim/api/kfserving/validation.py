"""What KFServing 0.6's validating webhook refuses (v1beta1 inference_service_validation.go,
component.go and the files of the single predictors).

Causes come in the order of the webhook's checks, of which it reports the first. What the CRD's
schema or kfsim refuses beyond that comes last.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from kfsim.api.extended_resources import wants_gpu
from kfsim.api.kfserving.servers import FRAMEWORKS, V1, V2, find_blocks
from kfsim.api.kserve.types import (
    ComponentSpec,
    ExplainerSpec,
    InferenceService,
    PredictorExtension,
    PredictorSpec,
)
from kfsim.api.kserve.validation import check_name, check_percent, check_replica_backend
from kfsim.api.podspec_validation import validate_container, validate_pod_spec
from kfsim.base.errors import Cause

_PREDICTORS: Final = (
    "SKLearn, XGBoost, Tensorflow, PyTorch, Triton, ONNX, PMML, LightGBM, Paddle, PodSpec"
)
_EXPLAINER_BLOCKS: Final = ("alibi", "aix", "art")
_LATER: Final = ("model", "huggingface")
_SCHEMES: Final = ("gs://", "s3://", "pvc://", "file://", "https://", "http://")
_HAS_SCHEME: Final = re.compile(r"\w+?://")
_AZURE: Final = re.compile(r"https://(.+?).blob.core.windows.net/(.+)")
_GPU_SUFFIX: Final = "gpu"
_GPU_BLOCKS: Final = ("tensorflow", "pytorch")


def validate_inference_service(
    isvc: InferenceService, old: InferenceService | None = None
) -> list[Cause]:
    """`old` has no part in it: an update is checked as a creation."""
    return list(_causes(isvc))


def _causes(isvc: InferenceService) -> Iterator[Cause]:
    spec = isvc.spec
    yield from check_name(isvc.metadata.name)
    yield from _predictor(spec.predictor)
    if spec.transformer is not None:
        if not spec.transformer.containers:
            yield _one_of("PodSpec", "TransformerSpec", "spec.transformer", ())
        yield from _custom(spec.transformer, "spec.transformer")
        yield from _component(spec.transformer, "spec.transformer")
    if spec.explainer is not None:
        yield from _explainer(spec.explainer)
    yield from check_replica_backend(isvc)


def _predictor(predictor: PredictorSpec) -> Iterator[Cause]:
    path = "spec.predictor"
    given = [*find_blocks(predictor), *(["containers"] if predictor.containers else [])]
    later = [name for name in _LATER if getattr(predictor, name) is not None]
    if len(given) != 1:
        yield _one_of(_PREDICTORS, "PredictorSpec", path, (*given, *later))
    elif later:
        yield Cause(f"{path}.{later[0]}", _unknown(later[0]), "FieldValueNotSupported")
    for block in find_blocks(predictor):
        extension = getattr(predictor, block)
        yield from _server(block, extension, f"{path}.{block}")
        yield from validate_container(extension, path=f"{path}.{block}")
    yield from _custom(predictor, path)
    yield from _component(predictor, path)


def _unknown(field: str) -> str:
    return (
        f"{field} is newer than KFServing 0.6; name the framework by its own block (one of "
        f"{', '.join(FRAMEWORKS)}), or leave out --compat kfserving"
    )


def _explainer(explainer: ExplainerSpec) -> Iterator[Cause]:
    path = "spec.explainer"
    given = [name for name in _EXPLAINER_BLOCKS if getattr(explainer, name) is not None]
    given += ["containers"] if explainer.containers else []
    if len(given) != 1:
        yield _one_of("Alibi, AIX, ART, PodSpec", "ExplainerSpec", path, given)
    for block in _EXPLAINER_BLOCKS:
        extension = getattr(explainer, block)
        if extension is not None:
            yield from _storage_uri(extension.storage_uri, f"{path}.{block}.storageUri")
    yield from _custom(explainer, path)
    yield from _component(explainer, path)


def _one_of(kinds: str, where: str, field: str, found: Sequence[str]) -> Cause:
    named = ", ".join(found) or "none"
    newer = next((name for name in found if name in _LATER), None)
    hint = f"; {_unknown(newer)}" if newer else ""
    text = f"Exactly one of [{kinds}] must be specified in {where} (found: {named}){hint}"
    return Cause(field, text)


def _server(block: str, extension: PredictorExtension, path: str) -> Iterator[Cause]:
    if block == "pmml":  # its JVM serves one request at a time
        yield from _workers(extension.args, 1, path)
    yield from _storage_uri(extension.storage_uri, f"{path}.storageUri")
    if block == "onnx":
        yield from _onnx_file(extension.storage_uri or "", f"{path}.storageUri")
    if block in _GPU_BLOCKS:
        yield from _gpu(block, extension, path)
    protocol = extension.protocol_version
    if block == "pytorch" and protocol == V2:
        yield Cause(f"{path}.protocolVersion", "Invalid inference protocol version")
    elif protocol not in (None, V1, V2):
        yield Cause(f"{path}.protocolVersion", _protocol(protocol))


def _onnx_file(uri: str, field: str) -> Iterator[Cause]:
    """A URI that ends in a file's name ends in ONNX's."""
    _, dot, suffix = uri.rpartition("/")[2].rpartition(".")
    if dot and suffix != "onnx":
        yield Cause(field, f"Expected storageUri file extension: '.onnx' but got '.{suffix}'")


def _gpu(block: str, extension: PredictorExtension, path: str) -> Iterator[Cause]:
    version = extension.runtime_version or ""
    wanted, built = wants_gpu(extension), _GPU_SUFFIX in version
    if version and wanted != built:
        verb = "is not" if built else "is"
        yield Cause(
            f"{path}.runtimeVersion",
            f"{block} RuntimeVersion {version} does not match its resources: it "
            f"{'names' if built else 'does not name'} a GPU build and a GPU {verb} requested",
        )


def _custom(component: ComponentSpec, path: str) -> Iterator[Cause]:
    for variable in component.containers[0].env if component.containers else ():
        where = f"{path}.containers[0].env"
        if variable.name == "STORAGE_URI":
            yield from _storage_uri(variable.value, where)
        is_protocol = variable.name == "PROTOCOL" and isinstance(component, PredictorSpec)
        if is_protocol and variable.value not in (V1, V2):
            yield Cause(where, _protocol(variable.value))


def _protocol(found: str | None) -> str:
    return f"Invalid protocol {found}. Must be one of [{V1}, {V2}]"


def _storage_uri(uri: str | None, field: str) -> Iterator[Cause]:
    if not uri or not _HAS_SCHEME.search(uri):
        return
    supported = bool(_AZURE.search(uri)) if ".blob.core." in uri else uri.startswith(_SCHEMES)
    if not supported:
        yield Cause(
            field,
            f"storageUri, must be one of: [{', '.join(_SCHEMES)}] or match "
            "https://{}.blob.core.windows.net/{}/{} or be an absolute or relative local path. "
            f"StorageUri [{uri}] is not supported.",
        )


def _workers(arguments: Sequence[str], most: int, path: str) -> Iterator[Cause]:
    for argument in arguments:
        flag, _, value = argument.partition("=")
        if not flag.startswith("--workers"):
            continue
        if not re.fullmatch(r"[+-]?\d+", value):
            yield Cause(f"{path}.args", "Invalid workers argument")
        elif int(value) > most:
            yield Cause(f"{path}.args", f"Workers cannot be greater than {most}")


def _component(component: ComponentSpec, path: str) -> Iterator[Cause]:
    concurrency = component.container_concurrency
    if concurrency is not None and concurrency < 0:
        yield Cause(f"{path}.containerConcurrency", "Parallelism cannot be less than 0.")
    least = 1 if component.min_replicas is None else component.min_replicas
    most = component.max_replicas or 0
    if least < 0:
        yield Cause(f"{path}.minReplicas", "MinReplicas cannot be less than 0.")
    if most < 0:
        yield Cause(f"{path}.maxReplicas", "MaxReplicas cannot be less than 0.")
    elif least > most != 0:
        yield Cause(f"{path}.minReplicas", "MinReplicas cannot be greater than MaxReplicas.")
    if component.logger is not None and component.logger.mode not in ("all", "request", "response"):
        yield Cause(f"{path}.logger.mode", "Invalid logger type")
    yield from check_percent(component.canary_traffic_percent, path)
    if component.timeout is not None and component.timeout < 0:
        yield Cause(f"{path}.timeout", f"timeout cannot be less than 0, got {component.timeout}")
    yield from validate_pod_spec(component, path=path)
