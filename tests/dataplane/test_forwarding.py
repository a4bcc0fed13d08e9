import pytest

from kfsim.base.entropy import SeededEntropy
from kfsim.dataplane.forwarding import ForwardingHeaders, RequestIds, UpstreamHead
from kfsim.dataplane.requests import parse_request_head

HOST = (b"Host", b"a.b")


def parse(*headers):
    return parse_request_head(b"POST", b"/p", "1.1", [HOST, *headers], keep_alive=True)


def lines(peer, *headers):
    made = ForwardingHeaders(peer).lines(parse(*headers)).decode()
    return dict(line.split(": ", 1) for line in made.split("\r\n") if line)


@pytest.mark.parametrize(
    ("peer", "headers", "forwarded"),
    [
        ("127.0.0.1", [], "for=127.0.0.1;host=a.b;proto=http"),
        ("::1", [], 'for="[::1]";host=a.b;proto=http'),
        (
            "9.9.9.9",
            [(b"X-Forwarded-For", b"1.1.1.1")],
            "for=1.1.1.1;host=a.b;proto=http, for=9.9.9.9",
        ),
        ("9.9.9.9", [(b"Forwarded", b"for=me")], "for=me"),
    ],
)
def test_forwarded_is_made_from_the_chain_unless_given(peer, headers, forwarded):
    assert lines(peer, *headers)["Forwarded"] == forwarded


def test_same_host_gives_the_same_block_again():
    headers = ForwardingHeaders("127.0.0.1")
    assert headers.lines(parse()) is headers.lines(parse())


def test_request_ids_look_like_uuids_and_differ():
    ids = RequestIds(SeededEntropy(1))
    first, second = ids.next(), ids.next()
    assert first != second
    assert [len(part) for part in first.split(b"-")] == [8, 4, 4, 4, 12]


def test_written_head():
    head = parse((b"A", b"1"), (b"Content-Length", b"3"), (b"Expect", b"100-continue"))
    ids = RequestIds(SeededEntropy(1))
    written = UpstreamHead(head, target=b"/q", lines=b"F: 1\r\nK: v\r\n")
    parts = written.make(ids.next(), via_activator=True).split(b"X-Request-Id: ")
    assert parts[0] == (
        b"POST /q HTTP/1.1\r\nHost: a.b\r\nA: 1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
        b"F: 1\r\nK: v\r\n"
    )
    assert parts[1][36:] == b"\r\nK-Proxy-Request: activator\r\n\r\n"


def test_each_sending_has_its_own_request_id_unless_the_client_gave_one():
    fresh = UpstreamHead(parse(), target=b"/", lines=b"")
    assert not fresh.request_id
    given = UpstreamHead(parse((b"X-Request-Id", b"mine")), target=b"/", lines=b"")
    assert given.request_id == b"mine"
    made = given.make(given.request_id, via_activator=False)
    assert made.endswith(b"\r\nX-Request-Id: mine\r\n\r\n")


def test_the_same_head_as_fields_of_http2():
    head = parse((b"A", b"1"), (b"Content-Length", b"3"))
    sent = UpstreamHead(head, target=b"/q", lines=b"F: 1\r\nK: v:w\r\n")
    assert sent.fields() == [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":authority", b"a.b"),
        (b":path", b"/q"),
        (b"a", b"1"),
        (b"content-length", b"3"),
        (b"f", b"1"),
        (b"k", b"v:w"),
    ]
