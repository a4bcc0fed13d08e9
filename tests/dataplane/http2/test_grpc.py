from urllib.parse import unquote

import pytest

from kfsim.dataplane.answers import Answer
from kfsim.dataplane.http2.grpc import is_grpc, status_fields, timeout_of
from kfsim.dataplane.requests import RequestHead


def make_head(*fields):
    head = RequestHead(b"POST", b"/a/B", http11=True, keep_alive=True)
    head.fields = list(fields)
    return head


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (b"application/grpc", True),
        (b"application/grpc+proto", True),
        (b"application/grpc-web", False),
        (b"application/json", False),
    ],
)
def test_grpc_is_told_by_its_content_type(content_type, expected):
    assert is_grpc(make_head((b"content-type", content_type))) is expected
    assert not is_grpc(make_head())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"1H", 3600), (b"2M", 120), (b"10S", 10), (b"100m", 0.1), (b"5u", 5e-6), (b"7n", 7e-9),
        (b"99999999S", 99999999), (b"999999999S", 0), (b"S", 0), (b"1", 0), (b"-1S", 0), (b"", 0),
    ],
)  # fmt: skip
def test_timeouts(value, seconds):
    assert timeout_of(make_head((b"grpc-timeout", value))) == pytest.approx(seconds)
    assert timeout_of(make_head()) == 0


@pytest.mark.parametrize(
    ("status", "grpc_status"),
    [(400, 13), (401, 16), (403, 7), (404, 12), (413, 2), (429, 14), (431, 2), (500, 2),
     (501, 12), (502, 14), (503, 14), (504, 4)],
)  # fmt: skip
def test_statuses(status, grpc_status):
    fields = dict(status_fields(Answer(status, "why: 100 % ü\nsecond line\n")))
    assert fields[b":status"] == b"200"
    assert fields[b"content-type"] == b"application/grpc"
    assert fields[b"grpc-status"] == b"%d" % grpc_status
    message = fields[b"grpc-message"]
    assert all(0x20 <= byte <= 0x7E for byte in message)
    assert unquote(message.decode()) == "why: 100 % ü\nsecond line"
