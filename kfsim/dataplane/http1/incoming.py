"""A request as far as it has been read, and how a repeated one is known again.

Clients of a model send the same head over and over on one connection. The connection keeps the
latest request whose head it parsed; a read that begins with the very same bytes, and holds exactly
that head and the body it announces, is that request again. Nothing is parsed then, and where the
head leads is looked up again only when the routes have changed since (`Router.epoch`).
"""

from typing import Final

from kfsim.base.local_hosts import cluster_local_host
from kfsim.base.types import ServiceName
from kfsim.dataplane.answers import Answer
from kfsim.dataplane.forwarding import ForwardingHeaders, UpstreamHead
from kfsim.dataplane.heads import Framing, find_plain_head
from kfsim.dataplane.requests import RequestHead
from kfsim.dataplane.routing import Route, Router

# Looked up once: a member of an enumeration costs more than most of what is done with it.
_CHUNKED: Final = Framing.CHUNKED
_NONE: Final = Framing.NONE


class Incoming:
    """One request; `refusal` stands for one that cannot be read on.

    `route`, `target` and `upstream_head` are what `resolve` found.
    """

    __slots__ = (
        "_epoch",
        "_raw",
        "_size",
        "body",
        "complete",
        "head",
        "refusal",
        "route",
        "target",
        "upstream_head",
    )

    def __init__(self, head: RequestHead | None, refusal: Answer | None = None) -> None:
        self.head = head
        self.refusal = refusal
        self.body: list[bytes] = []
        self.complete = False
        self.route: Route | None = None
        self.target = b""
        self.upstream_head: UpstreamHead | None = None
        self._epoch = -1
        self._raw = b""
        self._size = 0

    @property
    def whole(self) -> bool:
        """Whether nothing of it is still to come, as far as its head says."""
        head = self.head
        return head is not None and (self.complete or head.framing is _NONE)

    def resolve(
        self, router: Router, service: ServiceName | None, forwarding: ForwardingHeaders
    ) -> None:
        """Find where it goes in the table in force, and what is sent there.

        What comes by a service's own listener was addressed to the service: its Host is the
        listener's address, which means nothing to those behind.
        """
        head = self.head
        if self._epoch == router.epoch or head is None:
            return
        self._epoch = router.epoch
        if service is not None:
            head.host = cluster_local_host(service.name, service.namespace).encode()
            self.route, self.target = router.resolve_service(service), head.target
        else:
            self.route, self.target = router.resolve(head.host or b"", head.target)
        if self.route is not None:
            lines = forwarding.lines(head) + self.route.appended
            self.upstream_head = UpstreamHead(head, target=self.target, lines=lines)

    def remember(self, data: bytes, headers: int) -> bool:
        """Whether another read like `data`, which held this request with so many headers and
        nothing else, is to be taken for the same request."""
        head = self.head
        if head is None or not self.complete or not head.keep_alive or head.expects_continue:
            return False
        if head.framing is _CHUNKED or head.upgrade:
            return False
        raw = find_plain_head(data, headers)
        if not raw or len(raw) + head.content_length != len(data):
            return False
        self._raw = raw
        self._size = len(data)
        return True

    def remember_plain(self, data: bytes, length: int) -> None:
        """The same, for a plain head of this length that `data` held with its body."""
        self._raw = data[:length]
        self._size = len(data)
        self.complete = True
        if length < len(data):
            self.body.append(data[length:])

    def repeats(self, data: bytes) -> bool:
        """Whether `data` is this request again; its body may be another one."""
        if len(data) != self._size or not data.startswith(self._raw):
            return False
        if len(self._raw) != self._size:
            self.body.append(data[len(self._raw) :])
        return True
