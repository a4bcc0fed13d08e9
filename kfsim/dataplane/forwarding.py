"""The head that goes upstream: the client's lines with the hops' own headers.

A request to a replica has passed, on a cluster, the ingress, perhaps the activator, and the
queue-proxy. Their headers are set in one place here: X-Forwarded-*, Forwarded (added by the
queue-proxy when absent), X-Request-Id, and K-Proxy-Request when the activator was in the path.
"""

from kfsim.base.entropy import Entropy
from kfsim.dataplane.heads import Framing
from kfsim.dataplane.requests import RequestHead

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

    `lines` are whole header lines. A body follows as the head's framing says.
    """

    __slots__ = ("_before", "_request_id")

    def __init__(self, head: RequestHead, *, target: bytes, lines: bytes) -> None:
        self._request_id = head.request_id
        if head.framing is Framing.LENGTH:
            framing = b"Content-Length: %d\r\n" % head.content_length
        elif head.framing is Framing.CHUNKED:
            framing = b"Transfer-Encoding: chunked\r\n"
        else:
            framing = b""
        upgrade = b"Connection: Upgrade\r\nUpgrade: %b\r\n" % head.upgrade if head.upgrade else b""
        self._before = b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b%b%b%bX-Request-Id: " % (
            head.method,
            target,
            head.host or b"",
            head.lines,
            framing,
            upgrade,
            b"Expect: 100-continue\r\n" if head.expects_continue else b"",
            lines,
        )

    def make(self, request_ids: RequestIds, *, via_activator: bool) -> bytes:
        """The whole head, with the client's request id or a new one."""
        request_id = self._request_id or request_ids.next()
        return self._before + request_id + (_VIA_ACTIVATOR if via_activator else _END)
