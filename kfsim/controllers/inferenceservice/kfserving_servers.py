"""The container of a framework block in KFServing 0.6, which has a fixed server for each.

Arguments and variables from pkg/apis/serving/v1beta1/predictor_*.go, GetContainer. Pure.
"""

import math
import posixpath
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from kfsim.api.compat import Profile
from kfsim.api.core import Container, EnvVar
from kfsim.api.extended_resources import wants_gpu
from kfsim.api.kfserving.servers import (
    TORCHSERVE,
    V1,
    V2,
    default_version,
    find_blocks,
    find_server,
)
from kfsim.api.kserve.keys import MODEL_MOUNT, PROTOCOL_ENV
from kfsim.api.kserve.types import InferenceService, PredictorExtension, PredictorSpec
from kfsim.base.quantities import parse_quantity
from kfsim.controllers.inferenceservice.merging import as_data

_HTTP_PORT: Final = "8080"
_GRPC_PORT: Final = "9000"
_WORKERS: Final = "--workers"
_TENSORFLOW: Final = "/usr/bin/tensorflow_model_server"
_MODEL_CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {"sklearn": "mlserver_sklearn.SKLearnModel", "xgboost": "mlserver_xgboost.XGBoostModel"}
)


def make_server(isvc: InferenceService, profile: Profile) -> tuple[Container, str | None] | None:
    """The serving container and its storageUri; None where no framework is named."""
    blocks = find_blocks(isvc.spec.predictor)
    if not blocks:
        return None
    (block, *_) = blocks
    extension: PredictorExtension = getattr(isvc.spec.predictor, block)
    server = find_server(block, extension)
    container = Container.model_validate(as_data(extension))
    image = f"{server.image}:{extension.runtime_version or default_version(block, extension)}"
    name = isvc.metadata.name
    if block == "tensorflow":
        container = container.replaced(command=(_TENSORFLOW,))
    if block in _MODEL_CLASSES and extension.protocol_version == V2:
        env = (*container.env, *_mlserver_variables(block, extension, name))
        container = container.replaced(env=env)
    else:
        arguments = _arguments(block, extension, isvc)
        container = container.replaced(args=(*arguments, *container.args))
    named = container.replaced(name=profile.serving_container, image=container.image or image)
    return named, extension.storage_uri


def predictor_protocol(predictor: PredictorSpec) -> str:
    """v1 or v2, by the block or the variable PROTOCOL of a custom container."""
    for block in find_blocks(predictor):
        return getattr(predictor, block).protocol_version or V1
    for variable in predictor.containers[0].env if predictor.containers else ():
        if variable.name == PROTOCOL_ENV:
            return variable.value or V1
    return V1


def _arguments(
    block: str, extension: PredictorExtension, isvc: InferenceService
) -> tuple[str, ...]:
    if find_server(block, extension) is TORCHSERVE:
        return _torchserve()
    return _ARGUMENTS[block](extension, isvc)


def _python_server(extension: PredictorExtension, isvc: InferenceService) -> tuple[str, ...]:
    return (*_pmml(extension, isvc), *_workers(extension, isvc))


def _pmml(extension: PredictorExtension, isvc: InferenceService) -> tuple[str, ...]:
    return (
        f"--model_name={isvc.metadata.name}",
        f"--model_dir={MODEL_MOUNT}",
        f"--http_port={_HTTP_PORT}",
    )


def _threaded(extension: PredictorExtension, isvc: InferenceService) -> tuple[str, ...]:
    """XGBoost and LightGBM: a thread per CPU of the limit, rounded up."""
    limits = extension.resources.limits if extension.resources else {}
    threads = math.ceil(parse_quantity(limits.get("cpu", 0)))
    own = _pmml(extension, isvc)
    return (*own, f"--nthread={threads}", *_workers(extension, isvc))


def _workers(extension: PredictorExtension, isvc: InferenceService) -> tuple[str, ...]:
    concurrency = isvc.spec.predictor.container_concurrency
    given = any(argument.startswith(_WORKERS) for argument in extension.args)
    return () if given or concurrency is None else (f"{_WORKERS}={concurrency}",)


def _pytorch(extension: PredictorExtension, isvc: InferenceService) -> tuple[str, ...]:
    name, *rest = _pmml(extension, isvc)
    workers = (f"{_WORKERS}=1",) if wants_gpu(extension) else _workers(extension, isvc)
    return (name, f"--model_class_name={extension.model_class_name}", *rest, *workers)


def _torchserve() -> tuple[str, ...]:
    return (
        "torchserve",
        "--start",
        f"--model-store={MODEL_MOUNT}/model-store",
        f"--ts-config={MODEL_MOUNT}/config/config.properties",
    )


def _tensorflow(extension: PredictorExtension, isvc: InferenceService) -> tuple[str, ...]:
    seconds = isvc.spec.predictor.timeout or 60
    return (
        f"--port={_GRPC_PORT}",
        f"--rest_api_port={_HTTP_PORT}",
        f"--model_name={isvc.metadata.name}",
        f"--model_base_path={MODEL_MOUNT}",
        f"--rest_api_timeout_in_ms={1000 * seconds}",
    )


def _triton(extension: PredictorExtension, isvc: InferenceService) -> tuple[str, ...]:
    concurrency = isvc.spec.predictor.container_concurrency
    return (
        "tritonserver",
        f"--model-store={MODEL_MOUNT}",
        f"--grpc-port={_GRPC_PORT}",
        f"--http-port={_HTTP_PORT}",
        "--allow-grpc=true",
        "--allow-http=true",
        *((f"--http-thread-count={concurrency}",) if concurrency else ()),
        *(() if extension.storage_uri else ("--model-control-mode=explicit",)),
    )


def _onnx(extension: PredictorExtension, isvc: InferenceService) -> tuple[str, ...]:
    file = posixpath.basename(extension.storage_uri or "")
    model = file if "." in file else "model.onnx"
    return (
        f"--model_path={MODEL_MOUNT}/{model}",
        f"--http_port={_HTTP_PORT}",
        f"--grpc_port={_GRPC_PORT}",
    )


_ARGUMENTS: Final[
    Mapping[str, Callable[[PredictorExtension, InferenceService], tuple[str, ...]]]
] = MappingProxyType(
    {
        "sklearn": _python_server,
        "xgboost": _threaded,
        "lightgbm": _threaded,
        "paddle": _python_server,
        "pmml": _pmml,
        "pytorch": _pytorch,
        "tensorflow": _tensorflow,
        "triton": _triton,
        "onnx": _onnx,
    }
)


def _mlserver_variables(block: str, extension: PredictorExtension, name: str) -> tuple[EnvVar, ...]:
    values = {
        "MLSERVER_HTTP_PORT": _HTTP_PORT,
        "MLSERVER_GRPC_PORT": _GRPC_PORT,
        "MODELS_DIR": MODEL_MOUNT,
        "MLSERVER_MODEL_IMPLEMENTATION": _MODEL_CLASSES[block],
    }
    if extension.storage_uri is None:
        values["MLSERVER_LOAD_MODELS_AT_STARTUP"] = "false"
    else:
        values |= {"MLSERVER_MODEL_NAME": name, "MLSERVER_MODEL_URI": MODEL_MOUNT}
    return tuple(EnvVar(name=key, value=value) for key, value in values.items())
