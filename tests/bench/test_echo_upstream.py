"""The Python upstream: one answer per request, however the bytes come."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bench.echo_upstream import LARGE_BYTES, Upstream

_GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
_POST = b'POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 8\r\n\r\n{"a":\r\n}'


class Written:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


def answers_to(chunks):
    transport, upstream = Written(), Upstream()
    upstream.connection_made(transport)
    for chunk in chunks:
        upstream.data_received(chunk)
    return transport.data


@given(
    requests=st.lists(st.sampled_from([_GET, _POST]), max_size=5),
    cuts=st.lists(st.integers(0, 200), max_size=6),
)
def test_every_request_is_answered_once(requests, cuts):
    sent = b"".join(requests)
    bounds = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    chunks = [sent[start:end] for start, end in pairwise(bounds)]
    assert answers_to(chunks).count(b"HTTP/1.1 200 OK") == len(requests)


def test_request_whose_body_is_incomplete_is_not_answered():
    assert answers_to([_POST[:-1]]) == b""


def test_large_is_answered_with_a_megabyte():
    head, _, body = answers_to([_GET.replace(b"/ ", b"/large ")]).partition(b"\r\n\r\n")
    assert f"Content-Length: {LARGE_BYTES}".encode() in head
    assert len(body) == LARGE_BYTES
