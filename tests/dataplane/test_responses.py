import pytest

from kfsim.dataplane.heads import BadHead, Framing
from kfsim.dataplane.responses import (
    interim_fields,
    parse_response_head,
    status_line,
)


@pytest.mark.parametrize(
    ("method", "status", "headers", "framing", "lines"),
    [
        (b"GET", 200, [(b"Content-Length", b"5")], Framing.LENGTH, b""),
        (b"GET", 200, [(b"Transfer-Encoding", b"chunked")], Framing.CHUNKED, b""),
        (b"GET", 200, [], Framing.UNTIL_CLOSE, b""),
        (b"HEAD", 200, [(b"Content-Length", b"5")], Framing.NONE, b"Content-Length: 5\r\n"),
        (b"GET", 304, [(b"Content-Length", b"5")], Framing.NONE, b"Content-Length: 5\r\n"),
        (b"GET", 204, [(b"Content-Length", b"0")], Framing.NONE, b""),
    ],
)
def test_framing(method, status, headers, framing, lines):
    head = parse_response_head(method, status, headers)
    assert (head.framing, head.lines) == (framing, lines)


def test_hop_headers_and_nominated_ones_end_here():
    headers = [(b"Connection", b"close, X-A"), (b"X-A", b"1"), (b"Keep-Alive", b"5"), (b"B", b"2")]
    assert parse_response_head(b"GET", 200, headers).lines == b"B: 2\r\n"


def test_two_framings_are_refused():
    with pytest.raises(BadHead):
        parse_response_head(
            b"GET", 200, [(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")]
        )


def test_written_head():
    head = parse_response_head(b"GET", 200, [(b"A", b"1"), (b"Content-Length", b"5")])
    assert head.make(head.framing, added=b"kfsim-start: warm\r\n", connection=b"") == (
        b"HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 5\r\nkfsim-start: warm\r\n\r\n"
    )
    assert interim_fields([(b"Link", b"x"), (b"Connection", b"close")]) == [(b"Link", b"x")]
    assert status_line(299) == b"HTTP/1.1 299 Unknown\r\n"


def test_head_is_made_again_only_when_something_differs():
    head = parse_response_head(b"GET", 200, [(b"Content-Length", b"5")])
    made = head.make(Framing.LENGTH, added=b"", connection=b"")
    assert head.make(Framing.LENGTH, added=b"", connection=b"") is made
    assert b"Connection: close" in head.make(
        Framing.LENGTH, added=b"", connection=b"Connection: close\r\n"
    )
