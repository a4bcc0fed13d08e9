"""What an exchange needs of the connection (or the HTTP/2 stream) to a replica, and the reverse."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence

from kfsim.dataplane.forwarding import UpstreamHead
from kfsim.dataplane.heads import RawHeader
from kfsim.dataplane.responses import ResponseHead

Address = tuple[str, int]


class Upstream(ABC):
    """The replica's side of one request; base classes for the same reason as `Downstream`."""

    address: Address
    reused: bool
    """Whether it was open before this request, so that it may be stale."""
    answered: bool
    """Whether any byte came back for this request."""
    unprocessed: bool
    """Whether the replica has said that it did nothing of it."""

    @abstractmethod
    def begin(
        self,
        user: "UpstreamUser",
        head: UpstreamHead,
        request_id: bytes,
        *,
        via_activator: bool,
        body: Sequence[bytes],
        ended: bool,
    ) -> None:
        """Send a request's head and what has come of its body. More follows by `send`, unless the
        request has `ended`."""
        ...

    @abstractmethod
    def send(self, data: bytes) -> None:
        """A part of the body; it is framed here."""
        ...

    @abstractmethod
    def end_request(self, trailers: Sequence[RawHeader] = ()) -> None:
        """Nothing more will be sent; only then may the connection serve another exchange."""
        ...

    @abstractmethod
    def pause(self) -> None:
        """Take no more of the response until `resume`."""
        ...

    @abstractmethod
    def resume(self) -> None: ...

    @abstractmethod
    def unsent_bytes(self) -> int:
        """What it keeps of the request because the replica does not take it."""
        ...

    @abstractmethod
    def leave(self) -> None:
        """It was connected for a request that needs it no more: others may have it."""
        ...

    @abstractmethod
    def drop(self) -> None:
        """Give up; the user hears nothing more."""
        ...


class UpstreamUser(ABC):
    """Who asks for a connection, and whose response it reads."""

    method: bytes
    upgrade: bytes
    """The protocol that the replica may switch to; empty for none."""

    @abstractmethod
    def connected(self, connection: Upstream) -> None:
        """The new connection that was asked for."""
        ...

    @abstractmethod
    def connect_failed(self, reason: str) -> None: ...

    @abstractmethod
    def response_interim(self, status: int, fields: Sequence[RawHeader]) -> None:
        """A 1xx response, but for 101."""
        ...

    @abstractmethod
    def response_head(self, head: ResponseHead) -> None: ...

    @abstractmethod
    def response_whole(self, head: ResponseHead, body: bytes) -> None:
        """Head, body and end in one."""
        ...

    @abstractmethod
    def response_body(self, data: bytes) -> None: ...

    @abstractmethod
    def response_flush(self) -> None:
        """All that one read gave has been handed over."""
        ...

    @abstractmethod
    def response_end(self, trailers: Sequence[RawHeader] = ()) -> None: ...

    @abstractmethod
    def response_switch(self, lines: bytes, transport: asyncio.Transport, rest: bytes) -> None:
        """The replica switched protocols, and has sent `rest` in the new one; the transport is
        the user's from now on."""
        ...

    @abstractmethod
    def upstream_lost(self, reason: str) -> None:
        """The connection ended before the response did, or sent something unusable."""
        ...

    @abstractmethod
    def upstream_full(self) -> None:
        """It takes no more of the request for now."""
        ...

    @abstractmethod
    def upstream_drained(self) -> None: ...
