"""Which reads are taken for the request before, and where requests lead."""

import pytest

from kfsim.base.types import (
    HostRoute,
    RevisionKey,
    RoutingTable,
    WeightedRevision,
)
from kfsim.dataplane.forwarding import ForwardingHeaders
from kfsim.dataplane.http1.incoming import Incoming
from kfsim.dataplane.requests import parse_request_head
from kfsim.dataplane.routing import Router

HEAD = b"POST /p HTTP/1.1\r\nHost: a.b.c\r\nContent-Length: 3\r\n\r\n"
HEADERS = ((b"Host", b"a.b.c"), (b"Content-Length", b"3"))


def make_incoming(*more, keep_alive=True, complete=True) -> Incoming:
    headers = (*HEADERS, *more)
    head = parse_request_head(b"POST", b"/p", "1.1", headers, keep_alive=keep_alive)
    incoming = Incoming(head)
    incoming.complete = complete
    return incoming


def test_same_head_with_another_body_repeats():
    incoming = make_incoming()
    assert incoming.remember(HEAD + b"one", len(HEADERS))
    assert incoming.repeats(HEAD + b"two")
    assert incoming.body == [b"two"]


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"tw",
        HEAD + b"twoG",
        HEAD.replace(b"/p", b"/q") + b"two",
        HEAD.replace(b"a.b.c", b"A.b.c") + b"two",
        HEAD,
    ],
    ids=["body cut", "more than the body", "other target", "other host", "no body yet"],
)
def test_other_reads_do_not_repeat(data):
    incoming = make_incoming()
    incoming.remember(HEAD + b"one", len(HEADERS))
    assert not incoming.repeats(data)
    assert incoming.body == []


@pytest.mark.parametrize(
    ("incoming", "data"),
    [
        (make_incoming(complete=False), HEAD + b"one"),
        (make_incoming(keep_alive=False), HEAD + b"one"),
        (make_incoming((b"Expect", b"100-continue")), HEAD + b"one"),
        (make_incoming(), b"\r\n" + HEAD + b"one"),
        (make_incoming(), HEAD + b"one\r\n"),
        (make_incoming(), HEAD.replace(b"\r\nContent", b"\nContent") + b"one"),
        (make_incoming((b"X", b"y z")), HEAD[:-2] + b"X: y\r\n z\r\n\r\n" + b"one"),
        (make_incoming((b"X", b"y" * 9000)), HEAD[:-2] + b"X: " + b"y" * 9000 + b"\r\n\r\none"),
    ],
    ids=[
        "incomplete",
        "last one",
        "expects 100",
        "empty line before",
        "bytes behind",
        "line feed alone",
        "folded line",
        "long",
    ],
)
def test_what_is_not_plainly_one_request_is_not_remembered(incoming, data):
    assert not incoming.remember(data, data.count(b": "))


def make_table(name: str) -> RoutingTable:
    route = HostRoute("b", "a", (WeightedRevision(RevisionKey("b", name), 100),))
    return RoutingTable(7, {"a.b": route}, {("b", "a"): route})


def test_route_is_looked_up_again_when_the_table_has_changed():
    router, incoming, forwarding = Router(), make_incoming(), ForwardingHeaders("1.2.3.4")
    router.publish(make_table("one"))
    incoming.resolve(router, None, forwarding)
    first = incoming.route
    incoming.resolve(router, None, forwarding)
    assert incoming.route is first
    router.publish(make_table("two"))  # another table with the same number
    incoming.resolve(router, None, forwarding)
    assert incoming.route is not first
    router.publish(RoutingTable(8))
    incoming.resolve(router, None, forwarding)
    assert incoming.route is None
