"""What a service can be asked when its manifest names no example: a path, and a body to fill in.

The protocol is the one its predictor declares (`protocolVersion`, v1 where nothing is said). A
custom container's paths are its own; those of KServe's protocols are only what most have.
"""

from dataclasses import dataclass
from typing import Any

_V1_BODY = '{"instances": [[0.0, 0.0, 0.0, 0.0]]}'
_V2_BODY = (
    '{"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP32", '
    '"data": [0.0, 0.0, 0.0, 0.0]}]}'
)
_FILL_IN = "fill in a row as the model expects it"


@dataclass(frozen=True, slots=True)
class Sample:
    """A request. `body` is empty where the path is only looked at; `note` says what to change."""

    path: str
    body: str
    note: str


def make_sample(isvc: dict[str, Any]) -> Sample | None:
    """A request for an InferenceService as the API shows it; None where HTTP is not spoken."""
    name = isvc["metadata"]["name"]
    predictor = (isvc.get("spec") or {}).get("predictor") or {}
    model = predictor.get("model")
    if model is None:
        return Sample("/", "", "the container's own paths follow the host")
    protocol = model.get("protocolVersion") or "v1"
    if protocol.startswith("grpc"):
        return None
    if protocol == "v2":
        return Sample(f"/v2/models/{name}/infer", _V2_BODY, _FILL_IN)
    if (model.get("modelFormat") or {}).get("name") == "huggingface":
        body = f'{{"model": "{name}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
        return Sample("/openai/v1/chat/completions", body, "ask what you like")
    return Sample(f"/v1/models/{name}:predict", _V1_BODY, _FILL_IN)
