import pytest

from kfsim.dataplane.heads import BadHead, Framing
from kfsim.dataplane.requests import parse_request_head

HOST = (b"Host", b"iris.default.localhost")


def parse(*headers, method=b"POST", target=b"/", version="1.1"):
    return parse_request_head(method, target, version, headers, keep_alive=True)


def test_lines_keep_their_order_and_case():
    head = parse(HOST, (b"X-One", b"1"), (b"Accept", b"*/*"))
    assert head.lines == b"X-One: 1\r\nAccept: */*\r\n"


@pytest.mark.parametrize(
    ("header", "framing"),
    [
        ((b"Content-Length", b"12"), Framing.LENGTH),
        ((b"Transfer-Encoding", b"Chunked"), Framing.CHUNKED),
        ((b"X", b"y"), Framing.NONE),
    ],
)
def test_framing(header, framing):
    assert parse(HOST, header).framing is framing


def test_connection_cannot_take_away_what_frames_the_message():
    head = parse(
        HOST, (b"Content-Length", b"3"), (b"Connection", b"content-length, X-A"), (b"X-A", b"1")
    )
    assert (head.framing, head.content_length, head.lines) == (Framing.LENGTH, 3, b"")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 400),
        ([HOST, HOST], 400),
        ([HOST, (b"Content-Length", b"+1")], 400),
        ([HOST, (b"Content-Length", b"1, 1")], 400),
        ([HOST, (b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")], 400),
        ([HOST, (b"Transfer-Encoding", b"identity")], 501),
    ],
)
def test_unclear_heads_are_refused(headers, status):
    with pytest.raises(BadHead) as caught:
        parse(*headers)
    assert caught.value.status == status


@pytest.mark.parametrize("version", ["0.9", "2.0", "1.2"])
def test_other_versions_are_refused(version):
    with pytest.raises(BadHead) as caught:
        parse(HOST, version=version)
    assert caught.value.status == 505


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        (b"http://a.b:80/c?d", b"a.b:80", b"/c?d"),
        (b"HTTP://a.b", b"a.b", b"/"),
    ],
)
def test_absolute_targets_become_host_and_path(target, host, path):
    head = parse(HOST, target=target)
    assert (head.host, head.target) == (host, path)


def test_only_idempotent_requests_without_a_body_are_replayable():
    assert parse(HOST, method=b"GET").replayable
    assert not parse(HOST, method=b"POST").replayable
    assert not parse(HOST, (b"Content-Length", b"1"), method=b"PUT").replayable


def test_clients_claims_about_the_hops_inside_are_dropped():
    head = parse(
        HOST,
        (b"K-Proxy-Request", b"activator"),
        (b"Knative-Serving-Revision", b"x"),
        (b"X-Forwarded-Proto", b"https"),
    )
    assert head.lines == b""
