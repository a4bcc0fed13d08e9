"""V2 tensors: datatypes, JSON data and the binary extension.

Binary tensors follow the JSON header in the body, in order, little-endian and row-major; each BYTES
element is prefixed with its length in four bytes (Open Inference Protocol, binary data extension).
"""

import struct
from typing import Any

import numpy as np

from kfsim.modelserver.errors import InferenceError, InvalidInput

_DATATYPES = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    "BYTES": "O",
}
_BY_KIND = {("b", 1): "BOOL", ("O", 8): "BYTES"} | {
    (np.dtype(code).kind, np.dtype(code).itemsize): name
    for name, code in _DATATYPES.items()
    if code not in ("?", "O")
}


def resolve_datatype(array: Any) -> str:
    """The V2 datatype of an array; strings are BYTES."""
    if array.dtype.kind in "SU":
        return "BYTES"
    name = _BY_KIND.get((array.dtype.kind, array.dtype.itemsize))
    if name is None:
        raise InferenceError(f"the model answered with {array.dtype}, which V2 cannot carry")
    return name


def read_tensor(entry: dict[str, Any], raw: bytes | None) -> Any:
    """One input tensor from its JSON `data`, or from its binary part. Raises InvalidInput."""
    name, datatype = entry.get("name"), str(entry.get("datatype", "")).upper()
    code = _DATATYPES.get(datatype)
    if code is None:
        raise InvalidInput(
            f"input {name!r} has the datatype {entry.get('datatype')!r}; known are "
            f"{', '.join(_DATATYPES)}"
        )
    shape = entry.get("shape")
    if not _is_shape(shape):
        raise InvalidInput(f"input {name!r} needs a shape, a list of sizes; found {shape!r}")
    try:
        if raw is None:
            array = np.array(entry.get("data"), dtype=code)
        elif datatype == "BYTES":
            array = np.array(read_byte_strings(raw), dtype=object)
        else:
            array = np.frombuffer(raw, dtype=code)
        return array.reshape(shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"input {name!r} does not fit datatype {datatype} and shape {shape}: {error}"
        ) from error


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)


def read_byte_strings(raw: bytes) -> list[bytes]:
    """The elements of a binary BYTES tensor. Raises InvalidInput."""
    elements: list[bytes] = []
    position = 0
    while position < len(raw):
        if position + 4 > len(raw):
            raise InvalidInput("a BYTES tensor ends inside a length prefix")
        (length,) = struct.unpack_from("<I", raw, position)
        position += 4
        if position + length > len(raw):
            raise InvalidInput("a BYTES tensor ends inside an element")
        elements.append(raw[position : position + length])
        position += length
    return elements


def write_binary(array: Any, datatype: str) -> bytes:
    """An output tensor's binary part."""
    if datatype != "BYTES":
        return bytes(np.ascontiguousarray(array).astype(_DATATYPES[datatype], copy=False).tobytes())
    parts: list[bytes] = []
    for element in array.ravel().tolist():
        encoded = element if isinstance(element, bytes) else str(element).encode()
        parts += (struct.pack("<I", len(encoded)), encoded)
    return b"".join(parts)


def write_json(array: Any, datatype: str) -> list[Any]:
    """An output tensor's flat JSON data."""
    flat: list[Any] = array.ravel().tolist()
    if datatype == "BYTES":
        return [
            each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in flat
        ]
    return flat
