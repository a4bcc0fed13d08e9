"""The head that goes upstream: the client's lines with the hops' own headers.

A request to a replica has passed, on a cluster, the ingress, perhaps the activator, and the
queue-proxy. Their headers are set in one place here: X-Forwarded-*, Forwarded (added by the
queue-proxy when absent), X-Request-Id, and K-Proxy-Request when the activator was in the path.
"""

from typing import Final

from kfsim.base.entropy import Entropy
from kfsim.dataplane.heads import Framing, RawHeader, split_lines
from kfsim.dataplane.probes import find_probe
from kfsim.dataplane.requests import RequestHead

# Looked up once: a member of an enumeration costs more than most of what is done with it.
_CHUNKED: Final = Framing.CHUNKED
_LENGTH: Final = Framing.LENGTH

_END = b"\r\n\r\n"
# networking/pkg/http/header ProxyKey
_VIA_ACTIVATOR = b"\r\nK-Proxy-Request: activator" + _END


class RequestIds:
    """Request ids in a UUID's form: a random part for the process, then a counter."""

    __slots__ = ("_counter", "_prefix")

    def __init__(self, entropy: Entropy) -> None:
        self._prefix = entropy.uid()[:24].encode()
        self._counter = 0

    def next(self) -> bytes:
        self._counter += 1
        return b"%b%012x" % (self._prefix, self._counter)


class ForwardingHeaders:
    """The X-Forwarded-* and Forwarded lines for one client connection, kept per Host."""

    __slots__ = ("_blocks", "_peer")

    def __init__(self, peer: str) -> None:
        self._peer = peer.encode()
        self._blocks: dict[bytes, bytes] = {}

    def lines(self, head: RequestHead) -> bytes:
        host = head.host or b""
        if head.forwarded_for or head.forwarded:
            return self._make(host, head.forwarded_for, head.forwarded)
        block = self._blocks.get(host)
        if block is None:
            if len(self._blocks) >= 16:
                self._blocks.clear()
            block = self._blocks[host] = self._make(host, b"", b"")
        return block

    def _make(self, host: bytes, forwarded_for: bytes, forwarded: bytes) -> bytes:
        chain = b"%b, %b" % (forwarded_for, self._peer) if forwarded_for else self._peer
        return (
            b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: %b\r\n"
            b"Forwarded: %b\r\n" % (chain, host, forwarded or _make_forwarded(chain, host))
        )


def _make_forwarded(chain: bytes, host: bytes) -> bytes:
    """As pkg/queue/forwarded_shim.go: host and proto stand with the first node."""
    first, *others = (_make_node(node.strip()) for node in chain.split(b","))
    parts = [b"for=%b;host=%b;proto=http" % (first, host)]
    parts += (b"for=%b" % node for node in others)
    return b", ".join(parts)


def _make_node(node: bytes) -> bytes:
    return b'"[%b]"' % node if b":" in node else node


class UpstreamHead:
    """What is sent to a replica before the body, but for what each sending adds.

    `lines` are whole header lines of the gateway's own. `probe` is set where a hop may answer it
    in the replica's place.
    """

    __slots__ = ("_before", "_head", "_lines", "_target", "block", "probe")

    def __init__(self, head: RequestHead, *, target: bytes, lines: bytes) -> None:
        self._head = head
        self._target = target
        self._lines = lines
        self._before = b""
        self.block = b""
        """`fields` as HTTP/2 has encoded them, for the next time."""
        self.probe = find_probe(head)

    @property
    def framing(self) -> Framing:
        return self._head.framing

    @property
    def request_id(self) -> bytes:
        """The client's own; empty where each sending needs a new one."""
        return self._head.request_id

    def make(self, request_id: bytes, *, via_activator: bool) -> bytes:
        """The whole head in HTTP/1.1; kept, because a head that repeats is the same object."""
        before = self._before or self._make_before()
        return before + request_id + (_VIA_ACTIVATOR if via_activator else _END)

    def fields(self) -> list[RawHeader]:
        """What HTTP/2 sends of it, but for what differs each time: the pseudo-header fields first,
        names in lower case."""
        head = self._head
        fields = [
            (b":method", head.method),
            (b":scheme", b"http"),
            (b":authority", head.host or b""),
            (b":path", self._target),
        ]
        fields += ((name.lower(), value.strip(b" \t")) for name, value in head.fields)
        if head.framing is _LENGTH:
            fields.append((b"content-length", b"%d" % head.content_length))
        if head.takes_trailers:
            fields.append((b"te", b"trailers"))
        if head.expects_continue:
            fields.append((b"expect", b"100-continue"))
        fields += ((name.lower(), value) for name, value in split_lines(self._lines))
        return fields

    def _make_before(self) -> bytes:
        head = self._head
        if head.framing is _LENGTH:
            framing = b"Content-Length: %d\r\n" % head.content_length
        elif head.framing is _CHUNKED:
            framing = b"Transfer-Encoding: chunked\r\n"
        else:
            framing = b""
        upgrade = b"Connection: Upgrade\r\nUpgrade: %b\r\n" % head.upgrade if head.upgrade else b""
        before = self._before = b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b%b%b%bX-Request-Id: " % (
            head.method,
            self._target,
            head.host or b"",
            head.lines,
            framing,
            upgrade,
            b"Expect: 100-continue\r\n" if head.expects_continue else b"",
            self._lines,
        )
        return before
