"""KServe's V2 protocol (Open Inference Protocol) over REST, with the binary extension.

Outputs are named and described as KServe's sklearnserver does: one tensor, `output-0`.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from kfsim.modelserver.errors import InferenceError, InvalidInput
from kfsim.modelserver.repository import ServedModel
from kfsim.modelserver.tables import make_frame_of_columns
from kfsim.modelserver.tensors import (
    read_tensor,
    resolve_datatype,
    write_binary,
    write_json,
)

OUTPUT = "output-0"


@dataclass(frozen=True, slots=True)
class InferAnswer:
    """A response body; `json_length` is set when binary tensors follow the JSON part."""

    body: bytes
    json_length: int | None = None


def infer(model: ServedModel, body: bytes, json_length: int | None) -> InferAnswer:
    """One V2 inference, from body to body."""
    request, tail = _split(body, json_length)
    result = model.predict(_read_inputs(request, tail))
    array = np.asarray(result)
    if array.dtype.kind == "O" and not _is_text(array):
        raise InferenceError("the model's answer is not a tensor")
    datatype = resolve_datatype(array)
    output: dict[str, Any] = {
        "name": OUTPUT,
        "shape": list(array.shape),
        "datatype": datatype,
        "parameters": None,
    }
    binary = _wants_binary(request)
    raw = b""
    if binary:
        raw = write_binary(array, datatype)
        output["parameters"] = {"binary_data_size": len(raw)}
    else:
        output["data"] = write_json(array, datatype)
    answer = orjson.dumps(
        {
            "model_name": model.name,
            "model_version": None,
            "id": request.get("id") or str(uuid.uuid4()),
            "parameters": None,
            "outputs": [output],
        }
    )
    return InferAnswer(answer + raw, len(answer)) if binary else InferAnswer(answer)


def _is_text(array: Any) -> bool:
    return all(isinstance(each, str | bytes) for each in array.ravel().tolist())


def _split(body: bytes, json_length: int | None) -> tuple[dict[str, Any], bytes]:
    if json_length is not None and not 0 <= json_length <= len(body):
        raise InvalidInput(
            f"Inference-Header-Content-Length is {json_length}, the body has {len(body)} bytes"
        )
    head = body if json_length is None else body[:json_length]
    try:
        request = orjson.loads(head)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"Unrecognized request format: {error}") from error
    if not isinstance(request, dict) or not isinstance(request.get("inputs"), list):
        raise InvalidInput("Expected a JSON object with a list of tensors in 'inputs'")
    return request, b"" if json_length is None else body[json_length:]


def _read_inputs(request: dict[str, Any], tail: bytes) -> Any:
    """The array (or data frame) to predict from; several tensors are columns by their names."""
    entries = request["inputs"]
    if not entries:
        raise InvalidInput("'inputs' is empty; expected at least one tensor")
    position = 0
    tensors: list[tuple[str, Any]] = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise InvalidInput("each input must be an object with name, shape, datatype and data")
        size = _parameters(entry).get("binary_data_size")
        raw = None
        if size is not None:
            if type(size) is not int or size < 0 or position + size > len(tail):
                raise InvalidInput(
                    f"input {entry['name']!r} claims {size} bytes of binary data; "
                    f"{len(tail) - position} are left in the body"
                )
            raw = tail[position : position + size]
            position += size
        elif "data" not in entry:
            raise InvalidInput(f"input {entry['name']!r} has neither data nor binary data")
        tensors.append((entry["name"], read_tensor(entry, raw)))
    if _parameters(request).get("content_type") == "pd":
        return make_frame_of_columns(dict(tensors))
    return tensors[0][1]


def _parameters(entry: dict[str, Any]) -> dict[str, Any]:
    parameters = entry.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def _wants_binary(request: dict[str, Any]) -> bool:
    outputs = request.get("outputs")
    for entry in outputs if isinstance(outputs, list) else ():
        if isinstance(entry, dict) and entry.get("name") == OUTPUT:
            chosen = _parameters(entry).get("binary_data")
            if chosen is not None:
                return bool(chosen)
    return bool(_parameters(request).get("binary_data_output"))
