"""What a chosen server needs beside its runtime's own containers (SetRuntimeDefaults)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kfsim.api.core import EnvVar
from kfsim.api.kserve.keys import MODEL_CLASS, MODEL_MOUNT, SERVER_TYPE, SERVICE_ENVELOPE
from kfsim.api.kserve.runtime_selection import Runtime
from kfsim.api.kserve.types import ModelSpec, PredictorSpec

# Names of runtimes from before the annotation serving.kserve.io/server-type.
_NAMED: Final = {
    "kserve-mlserver": "mlserver",
    "kserve-tritonserver": "tritonserver",
    "kserve-torchserve": "torchserve",
    "kserve-tensorflow-serving": "tensorflow-serving",
    "kserve-huggingfaceserver": "huggingfaceserver",
    "kserve-vllmserver": "vllmserver",
}
_MODEL_CLASSES: Final = {
    "xgboost": "mlserver_xgboost.XGBoostModel",
    "lightgbm": "mlserver_lightgbm.LightGBMModel",
    "mlflow": "mlserver_mlflow.MLflowRuntime",
}
_DEFAULT_MODEL_CLASS: Final = "mlserver_sklearn.SKLearnModel"


@dataclass(frozen=True, slots=True)
class ServerDefaults:
    """The model with what the server needs added, and labels for the Pod template."""

    model: ModelSpec
    labels: Mapping[str, str]


def server_type(runtime: Runtime) -> str:
    """Empty for a server without particular needs."""
    return runtime.annotations.get(SERVER_TYPE) or _NAMED.get(runtime.name, "")


def apply_server_defaults(
    predictor: PredictorSpec, model: ModelSpec, runtime: Runtime, *, name: str
) -> ServerDefaults:
    """`name` is the InferenceService's. Variables that the user set are kept."""
    has_storage = bool(model.storage_uri or model.storage or predictor.storage_uris)
    match server_type(runtime):
        case "mlserver":
            variables = (
                {"MLSERVER_MODEL_NAME": name, "MLSERVER_MODEL_URI": MODEL_MOUNT}
                if has_storage
                else {"MLSERVER_LOAD_MODELS_AT_STARTUP": "false"}
            )
            model_class = _MODEL_CLASSES.get(model.model_format.name, _DEFAULT_MODEL_CLASS)
            return ServerDefaults(_with_env(model, variables), {MODEL_CLASS: model_class})
        case "torchserve":
            protocol = model.protocol_version or "v1"
            envelope = "kservev2" if protocol in ("v2", "grpc-v2") else "kserve"
            with_protocol = _with_env(model, {"PROTOCOL_VERSION": protocol})
            return ServerDefaults(with_protocol, {SERVICE_ENVELOPE: envelope})
        case "tritonserver" if not has_storage:
            args = (*model.args, "--model-control-mode=explicit")
            return ServerDefaults(model.replaced(args=args), {})
        case _:
            return ServerDefaults(model, {})


def _with_env(model: ModelSpec, variables: Mapping[str, str]) -> ModelSpec:
    given = {variable.name for variable in model.env}
    added = tuple(
        EnvVar(name=name, value=value) for name, value in variables.items() if name not in given
    )
    return model.replaced(env=(*model.env, *added))
