import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.dataplane.heads import BadHead, Framing
from kfsim.dataplane.http1.plain import has_whole_body, read_plain_request, read_plain_response
from kfsim.dataplane.requests import parse_request_head
from kfsim.dataplane.responses import parse_response_head

HOST = b"Host: a.b\r\n"


def request(*lines: bytes, first: bytes = b"GET / HTTP/1.1") -> bytes:
    return b"\r\n".join((first, *lines, b"", b""))


def read(data: bytes):
    return read_plain_request(data, most_headers=8)


@pytest.mark.parametrize(
    "data",
    [
        request(b"Host: a.b", first=b"GET / HTTP/1.0"),
        request(b"Host: a.b", first=b"GET  / HTTP/1.1"),
        request(b"Host: a.b", first=b"GET /\x7f HTTP/1.1"),
        request(b"Host: a.b", first=b"GET /a#b HTTP/1.1"),
        request(b"Host: a.b", first=b"GET http://a.b/ HTTP/1.1"),
        request(b"Host: a.b", first=b"CONNECT a.b:1 HTTP/1.1"),
        request(b"Host: a.b", first=b"get / HTTP/1.1"),
        request(),
        request(b"A: 1"),
        request(b"Host: a.b", b"Host: a.b"),
        request(b"Host : a.b"),
        request(b"Host: a.b", b" folded"),
        request(b"Host: a.b", b"A: 1\x00"),
        request(b"Host: a.b", b"A: 1\r"),
        request(b"Host: a.b", b"A: 1\nB: 2"),
        request(b"Host: a.b", b": 1"),
        request(b"Host: a.b", b"A"),
        request(b"Host: a.b", b"Transfer-Encoding: chunked"),
        request(b"Host: a.b", b"transfer-encoding: identity"),
        request(b"Host: a.b", b"Content-Length: 1", b"Content-Length: 1"),
        request(b"Host: a.b", b"Content-Length: +1"),
        request(b"Host: a.b", b"Content-Length: " + b"9" * 5000),
        request(b"Host: a.b", b"Connection: close"),
        request(b"Host: a.b", b"Connection: keep-alive, A"),
        request(b"Host: a.b", b"Expect: 100-continue"),
        request(b"Host: a.b", b"Upgrade: websocket"),
        request(b"Host: a.b", b"K-Proxy-Request: activator"),
        request(b"Host: a.b", *(b"A: 1",) * 8),
        b"\r\n" + request(b"Host: a.b"),
        request(b"Host: a.b")[:-2],
    ],
)
def test_what_needs_thought_is_left_to_the_parser(data):
    assert read(data) is None


def test_plain_head_is_taken_apart():
    data = request(
        b"Host:a.b", b"A: 1 ", b"Connection: Keep-Alive", b"X-Request-Id: me", b"content-length: 2"
    )
    found = read(data + b"ok")
    assert found is not None
    head, length = found
    assert (length, has_whole_body(head, length, data + b"ok")) == (len(data), True)
    assert not has_whole_body(head, length, data + b"o")
    assert (head.host, head.framing, head.content_length) == (b"a.b", Framing.LENGTH, 2)
    assert (head.request_id, head.lines, head.fields) == (b"me", b"A: 1 \r\n", [(b"A", b"1")])


NAMES = st.sampled_from(
    [b"Host", b"A", b"B-c", b"Content-Length", b"Connection", b"X-Forwarded-For", b"Forwarded",
     b"X-Request-Id", b"Transfer-Encoding", b"Upgrade", b"TE", b"Expect", b"A b", b""]
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([b"a.b", b"0", b"3", b"keep-alive", b"chunked", b"", b"for=1.1.1.1"]),
    st.binary(max_size=6),
)
SPACES = st.sampled_from([b"", b" ", b"\t ", b"\r\n "])


@st.composite
def heads(draw, first):
    lines = draw(st.lists(st.tuples(NAMES, SPACES, VALUES, SPACES), max_size=5))
    made = [name + b":" + before + value + after for name, before, value, after in lines]
    if draw(st.booleans()):
        made.append(b"Host: a.b")
    return request(*made, first=draw(first))


class Parsed:
    """llhttp's reading of one message."""

    def __init__(self, make, data):
        self.headers, self.url, self.complete = [], b"", False
        self.parser = make(self)
        self.parser.feed_data(data)

    def on_url(self, url):
        self.url += url

    def on_header(self, name, value):
        self.headers.append((name, value))

    def on_headers_complete(self):
        self.complete = True


REQUEST_LINES = st.tuples(
    st.sampled_from([b"GET", b"POST", b"M-SEARCH"]), st.binary(max_size=4).map(b"/".__add__)
).map(lambda pair: b"%b %b HTTP/1.1" % pair)


@given(heads(REQUEST_LINES))
def test_a_plain_request_is_what_the_parser_reads(data):
    found = read(data)
    if found is None:
        return
    head, length = found
    body = b"x" * head.content_length
    parsed = Parsed(httptools.HttpRequestParser, data[:length] + body)
    assert parsed.complete
    assert parsed.parser.should_keep_alive()
    slow = parse_request_head(
        parsed.parser.get_method(), parsed.url, "1.1", parsed.headers, keep_alive=True
    )
    for name in ("method", "target", "http11", "host", "framing", "content_length", "upgrade",
                 "forwarded_for", "forwarded", "request_id", "expects_continue"):  # fmt: skip
        there = getattr(slow, name)  # llhttp leaves spaces at a value's end
        assert getattr(head, name) == (there.strip() if isinstance(there, bytes) else there), name
    assert list(head.fields) == [(key, value.strip(b" \t")) for key, value in slow.fields]


STATUS_LINES = st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 404 ", b"HTTP/1.1 503 \xff"])


@given(heads(STATUS_LINES))
def test_a_plain_response_is_what_the_parser_reads(data):
    for length in (0, 3):
        whole = data + b"x" * length
        found = read_plain_response(b"GET", whole)
        if found is None:
            continue
        head, size = found
        assert whole[size:] == b"x" * length
        parsed = Parsed(httptools.HttpResponseParser, whole)
        slow = parse_response_head(b"GET", parsed.parser.get_status_code(), parsed.headers)
        assert (head.status, head.framing) == (slow.status, slow.framing)
        assert head.content_length == slow.content_length == length
        assert list(head.fields) == [(key, value.strip(b" \t")) for key, value in slow.fields]


@pytest.mark.parametrize(
    ("method", "data"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
        (b"GET", b"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n"),
        (b"GET", b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (b"GET", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nx"),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        (b"GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: " + b"0" * 5000 + b"\r\n\r\n"),
    ],
)
def test_responses_that_need_thought_are_left_to_the_parser(method, data):
    assert read_plain_response(method, data) is None


def test_bad_length_is_a_bad_head_however_long():
    for parse in (
        lambda headers: parse_request_head(b"GET", b"/", "1.1", headers, keep_alive=True),
        lambda headers: parse_response_head(b"GET", 200, headers),
    ):
        with pytest.raises(BadHead):
            parse([(b"Host", b"a"), (b"Content-Length", b"1" * 5000)])
