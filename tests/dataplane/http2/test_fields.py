import pytest

from kfsim.dataplane.heads import Framing
from kfsim.dataplane.http2.errors import StreamFault
from kfsim.dataplane.http2.fields import (
    read_request,
    read_response,
    read_status,
    read_trailers,
    response_fields,
)
from kfsim.dataplane.responses import parse_response_head

REQUEST = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/v1?x=y"),
    (b":authority", b"iris.default"),
]


def test_a_request_is_the_head_that_http1_would_have():
    fields = [
        *REQUEST,
        (b"a", b"1"),
        (b"cookie", b"x=1"),
        (b"te", b"trailers"),
        (b"cookie", b"y=2"),
        (b"x-request-id", b"me"),
        (b"x-forwarded-for", b"1.1.1.1"),
        (b"k-proxy-request", b"activator"),
        (b"content-length", b"12"),
    ]
    head = read_request(fields, ended=False)
    assert (head.method, head.target, head.host) == (b"POST", b"/v1?x=y", b"iris.default")
    assert (head.framing, head.content_length) == (Framing.LENGTH, 12)
    assert (head.request_id, head.forwarded_for, head.takes_trailers) == (b"me", b"1.1.1.1", True)
    assert head.lines == b"a: 1\r\ncookie: x=1; y=2\r\n"


@pytest.mark.parametrize(
    ("more", "ended", "framing"),
    [
        ([], True, Framing.NONE),
        ([], False, Framing.CHUNKED),
        ([(b"content-length", b"0")], True, Framing.LENGTH),
    ],
)
def test_framing_follows_from_the_end_and_the_length(more, ended, framing):
    assert read_request([*REQUEST, *more], ended=ended).framing is framing


def test_host_stands_in_for_the_authority():
    head = read_request([*REQUEST[:3], (b"host", b"iris.default")], ended=True)
    assert (head.host, head.lines) == (b"iris.default", b"")
    assert read_request([*REQUEST, (b"host", b"IRIS.default")], ended=True).host == b"iris.default"


@pytest.mark.parametrize(
    ("method", "status", "more", "ended", "framing", "length"),
    [
        (b"GET", 200, [(b"content-length", b"3")], False, Framing.LENGTH, 3),
        (b"GET", 200, [], False, Framing.CHUNKED, -1),
        (b"GET", 200, [], True, Framing.LENGTH, 0),
        (b"HEAD", 200, [(b"content-length", b"3")], True, Framing.NONE, -1),
        (b"GET", 204, [], True, Framing.NONE, -1),
        (b"GET", 304, [(b"content-length", b"3")], True, Framing.NONE, -1),
    ],
)
def test_responses(method, status, more, ended, framing, length):
    found, regular = read_status([(b":status", b"%d" % status), (b"a", b"b"), *more])
    head = read_response(method, found, regular, ended=ended)
    assert (head.status, head.framing, head.content_length) == (status, framing, length)
    assert head.lines.startswith(b"a: b\r\n")


@pytest.mark.parametrize(
    ("fields", "ended"),
    [
        ([(b"content-length", b"1"), (b"content-length", b"1")], False),
        ([(b"content-length", b"x")], False),
        ([(b"content-length", b"1")], True),
    ],
)
def test_responses_whose_length_lies(fields, ended):
    with pytest.raises(StreamFault):
        read_response(b"GET", 200, fields, ended=ended)


def test_trailers_lose_what_belongs_to_the_hop():
    assert read_trailers([(b"grpc-status", b"0"), (b"content-length", b"1")]) == [
        (b"grpc-status", b"0")
    ]
    with pytest.raises(StreamFault):
        read_trailers([(b":status", b"200")])


def test_a_response_of_http1_in_http2s_form():
    headers = [(b"Content-Length", b"5"), (b"X-A", b" 1 "), (b"Connection", b"x-b"), (b"X-B", b"2")]
    head = parse_response_head(b"GET", 200, headers)
    assert response_fields(head, [(b"kfsim-start", b"warm")]) == [
        (b":status", b"200"),
        (b"x-a", b"1"),
        (b"kfsim-start", b"warm"),
        (b"content-length", b"5"),
    ]
