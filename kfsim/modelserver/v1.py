"""KServe's V1 protocol: `{"instances": […]}` in, `{"predictions": […]}` out."""

from typing import Any

import numpy as np
import orjson

from kfsim.modelserver.errors import InferenceError, InvalidInput
from kfsim.modelserver.repository import ServedModel
from kfsim.modelserver.tables import make_frame_of_rows


def decode(body: bytes) -> dict[str, Any]:
    """The JSON object in the body. Raises InvalidInput."""
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"Unrecognized request format: {error}") from error
    if not isinstance(payload, dict):
        raise InvalidInput(
            f"Expected a JSON object with a list in 'instances', found {_json_type(payload)}"
        )
    return payload


def read_instances(payload: dict[str, Any]) -> Any:
    """What the model's predict takes: an array, or a data frame for rows given as objects."""
    key = "inputs" if "inputs" in payload else "instances"
    if key not in payload:
        raise InvalidInput(
            "Expected 'instances' (or 'inputs') in the request body, found "
            f"{', '.join(map(repr, payload)) or 'an empty object'}"
        )
    instances = payload[key]
    if not isinstance(instances, list):
        raise InvalidInput(f'Expected "{key}" to be a list')
    if instances and isinstance(instances[0], dict):
        return make_frame_of_rows(instances)
    try:
        return np.array(instances)
    except (ValueError, OverflowError) as error:
        # KServe answers 500 here too: it builds the array inside the model's predict.
        raise InferenceError(str(error)) from error


def predict(model: ServedModel, body: bytes) -> bytes:
    """One V1 prediction, from body to body."""
    result = model.predict(read_instances(decode(body)))
    if isinstance(result, np.ndarray):
        # orjson writes contiguous arrays of numbers natively; strings and objects go by lists.
        if result.dtype.kind in "fiub" and result.flags.c_contiguous and result.itemsize >= 4:
            try:
                return orjson.dumps({"predictions": result}, option=orjson.OPT_SERIALIZE_NUMPY)
            except TypeError:  # a number type that orjson does not know
                pass
        result = result.tolist()
    elif hasattr(result, "to_dict"):
        result = result.to_dict(orient="records")
    try:
        return orjson.dumps({"predictions": result})
    except TypeError as error:
        raise InferenceError(f"the model's answer is not JSON: {error}") from error


def _json_type(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
