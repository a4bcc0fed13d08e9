"""Kubernetes' protobuf bodies, for the few kinds that kubectl sends so (pure).

`kubectl create namespace|configmap|secret|serviceaccount` know no other encoding. A body is the
magic `k8s\\0` and a runtime.Unknown {typeMeta = 1, raw = 2}; the raw bytes are the object. Field
numbers are those of the generated.proto files of k8s.io/api/core/v1 and apimachinery's meta/v1;
what a table does not name is skipped, as protobuf readers do.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kfsim.base.errors import BadRequest

MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"
_MAGIC: Final = b"k8s\x00"
Read = Callable[[bytes], Any]


@dataclass(frozen=True, slots=True)
class _Field:
    """A length-delimited field; a map's entries are messages {key = 1, value = 2}."""

    name: str
    read: Read
    repeated: bool = False
    map: bool = False


_Message = Mapping[int, _Field]


def _text(raw: bytes) -> str:
    return raw.decode()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _message(fields: _Message) -> Read:
    return lambda raw: _read_message(raw, fields)


_OBJECT_META: Final[_Message] = {
    1: _Field("name", _text),
    2: _Field("generateName", _text),
    3: _Field("namespace", _text),
    11: _Field("labels", _text, map=True),
    12: _Field("annotations", _text, map=True),
    14: _Field("finalizers", _text, repeated=True),
}
_META: Final = _Field("metadata", _message(_OBJECT_META))
_LOCAL_REFERENCE: Final[_Message] = {1: _Field("name", _text)}
_KINDS: Final[Mapping[str, _Message]] = {
    "Namespace": {1: _META},
    "ConfigMap": {
        1: _META,
        2: _Field("data", _text, map=True),
        3: _Field("binaryData", _base64, map=True),
    },
    "Secret": {
        1: _META,
        2: _Field("data", _base64, map=True),
        3: _Field("type", _text),
        4: _Field("stringData", _text, map=True),
    },
    "ServiceAccount": {
        1: _META,
        3: _Field("imagePullSecrets", _message(_LOCAL_REFERENCE), repeated=True),
    },
}


def parse_protobuf(body: bytes) -> dict[str, Any]:
    """The object as decoded JSON. Raises BadRequest."""
    if not body.startswith(_MAGIC):
        raise BadRequest("the body of the request is no Kubernetes protobuf: its magic is missing")
    type_fields = {1: _Field("apiVersion", _text), 2: _Field("kind", _text)}
    envelope = {1: _Field("type", _message(type_fields)), 2: _Field("raw", bytes)}
    try:
        unknown = _read_message(body[len(_MAGIC) :], envelope)
        type_ = unknown.get("type", {})
        fields = _KINDS.get(type_.get("kind", "")) if type_.get("apiVersion") == "v1" else None
        if fields is None:
            raise BadRequest(
                f"{type_.get('apiVersion')} {type_.get('kind')} cannot be read from protobuf; send "
                "it as application/json"
            )
        return {**type_, **_read_message(unknown.get("raw", b""), fields)}
    except (IndexError, ValueError) as error:
        raise BadRequest(f"the body of the request is torn protobuf: {error}") from error


def _read_message(raw: bytes, fields: _Message) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, payload in _read_fields(raw):
        field = fields.get(number)
        if field is None:
            continue
        if field.map:
            entry = _read_message(
                payload, {1: _Field("key", _text), 2: _Field("value", field.read)}
            )
            found.setdefault(field.name, {})[entry.get("key", "")] = entry.get("value", "")
        elif field.repeated:
            found.setdefault(field.name, []).append(field.read(payload))
        elif payload:  # empty texts and messages are absent fields, as in Go
            found[field.name] = field.read(payload)
    return found


def _read_fields(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Length-delimited fields; the other wire types are skipped."""
    position = 0
    while position < len(raw):
        tag, position = _read_varint(raw, position)
        match tag & 7:
            case 0:
                _, position = _read_varint(raw, position)
            case 1:
                position += 8
            case 2:
                size, position = _read_varint(raw, position)
                if position + size > len(raw):
                    raise ValueError("a field is longer than the message")
                yield tag >> 3, raw[position : position + size]
                position += size
            case 5:
                position += 4
            case wire_type:
                raise ValueError(f"unknown wire type {wire_type}")


def _read_varint(raw: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = raw[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number is too long")
