import pytest

from kfsim.base.errors import BadRequest
from kfsim.kubeapi.protobuf import parse_protobuf


def field(number: int, payload: bytes | str) -> bytes:
    data = payload.encode() if isinstance(payload, str) else payload
    size, length = len(data), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


def envelope(kind: str, raw: bytes, api_version: str = "v1") -> bytes:
    type_meta = field(1, api_version) + field(2, kind)
    return b"k8s\x00" + field(1, type_meta) + field(2, raw) + field(3, "") + field(4, "")


def map_entry(key: str, value: str) -> bytes:
    return field(1, key) + field(2, value)


META = field(
    1,
    field(1, "name")
    + field(3, "ns")
    + b"\x38\x05"
    + field(11, map_entry("l", "1"))
    + field(8, b""),
)


def test_config_maps() -> None:
    raw = META + field(2, map_entry("a", "x" * 300)) + field(2, map_entry("b", ""))
    raw += field(3, map_entry("c", "\x01"))
    assert parse_protobuf(envelope("ConfigMap", raw)) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "name", "namespace": "ns", "labels": {"l": "1"}},
        "data": {"a": "x" * 300, "b": ""},
        "binaryData": {"c": "AQ=="},
    }


def test_secrets() -> None:
    raw = META + field(2, map_entry("a", "1")) + field(3, "Opaque")
    parsed = parse_protobuf(envelope("Secret", raw))
    assert (parsed["data"], parsed["type"]) == ({"a": "MQ=="}, "Opaque")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "magic is missing"),
        (envelope("Deployment", b"", "apps/v1"), "cannot be read from protobuf"),
        (envelope("ConfigMap", META)[:-20], "torn protobuf"),
        (envelope("ConfigMap", b"\x0a\xff"), "torn protobuf"),
        (envelope("ConfigMap", b"\x0b"), "unknown wire type"),
        (envelope("ConfigMap", b"\x80" * 20), "a number is too long"),
        (b"k8s\x00", "None None cannot be read"),
    ],
)
def test_bad_bodies(body: bytes, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        parse_protobuf(body)
