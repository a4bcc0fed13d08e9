"""The model servers of KFServing 0.6.1, which has no ServingRuntimes.

Images and versions from config/configmap/inferenceservice.yaml, key `predictors`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kfsim.api.extended_resources import wants_gpu
from kfsim.api.kserve.types import PredictorExtension, PredictorSpec

V1: Final = "v1"
V2: Final = "v2"
_KFSERVING: Final = "v0.6.1"


@dataclass(frozen=True, slots=True)
class Server:
    """An image without its tag, and the tags for hosts without and with a GPU."""

    image: str
    version: str
    gpu_version: str = ""

    def version_for(self, *, gpu: bool) -> str:
        return (gpu and self.gpu_version) or self.version


_MLSERVER: Final = Server("docker.io/seldonio/mlserver", "0.2.1")
TORCHSERVE: Final = Server("pytorch/torchserve-kfs", "0.4.0", "0.4.0-gpu")
_SERVERS: Final[Mapping[str, Server]] = MappingProxyType(
    {
        "sklearn": Server("kfserving/sklearnserver", _KFSERVING),
        "xgboost": Server("kfserving/xgbserver", _KFSERVING),
        "tensorflow": Server("tensorflow/serving", "1.14.0", "1.14.0-gpu"),
        "pytorch": Server("kfserving/pytorchserver", _KFSERVING, f"{_KFSERVING}-gpu"),
        "triton": Server("nvcr.io/nvidia/tritonserver", "20.08-py3"),
        "onnx": Server("mcr.microsoft.com/onnxruntime/server", "v1.0.0"),
        "pmml": Server("kfserving/pmmlserver", _KFSERVING),
        "lightgbm": Server("kfserving/lgbserver", _KFSERVING),
        "paddle": Server("kfserving/paddleserver", _KFSERVING),
    }
)
FRAMEWORKS: Final = tuple(_SERVERS)
"""Predictor blocks of 0.6, in wire spelling."""
WITH_PROTOCOL: Final = ("sklearn", "xgboost", "pytorch")
"""The blocks whose protocolVersion is defaulted."""


def find_server(block: str, extension: PredictorExtension) -> Server:
    """PyTorch is TorchServe unless a class is named; MLServer speaks v2 for two frameworks."""
    if block in ("sklearn", "xgboost") and extension.protocol_version == V2:
        return _MLSERVER
    if block == "pytorch" and not (extension.model_class_name and _speaks_v1(extension)):
        return TORCHSERVE
    return _SERVERS[block]


def default_version(block: str, extension: PredictorExtension) -> str:
    """The image tag where no runtimeVersion is given."""
    return find_server(block, extension).version_for(gpu=wants_gpu(extension))


def _speaks_v1(extension: PredictorExtension) -> bool:
    return extension.protocol_version in (None, V1)


def find_blocks(predictor: PredictorSpec) -> tuple[str, ...]:
    """The framework blocks that a predictor names."""
    return tuple(block for block in FRAMEWORKS if getattr(predictor, block) is not None)
