"""What an exchange needs of the connection (or the HTTP/2 stream) that it answers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from kfsim.dataplane.answers import Answer
from kfsim.dataplane.heads import RawHeader
from kfsim.dataplane.responses import ResponseHead
from kfsim.dataplane.tunnel import Tunnel


class Downstream(ABC):
    """The client's side of one request. A base class and no Protocol, because calls are then direct
    in the compiled form."""

    __slots__ = ()

    @abstractmethod
    def interim(self, status: int, fields: Sequence[RawHeader]) -> None:
        """A 1xx response, but for 101."""
        ...

    @abstractmethod
    def begin_response(self, head: ResponseHead, added: bytes) -> None:
        """A replica's final head; `added` are whole header lines."""
        ...

    @abstractmethod
    def send_response(self, data: bytes) -> None:
        """A part of the body; it may wait for `flush_response`."""
        ...

    @abstractmethod
    def flush_response(self) -> None:
        """Nothing more is at hand for now: write what was given so far."""
        ...

    @abstractmethod
    def end_response(self, trailers: Sequence[RawHeader] = ()) -> None:
        """The response is complete; the exchange is forgotten. HTTP/1.1 drops trailers."""
        ...

    @abstractmethod
    def whole_response(self, head: ResponseHead, added: bytes, body: bytes) -> None:
        """A replica's response at once, its length known; the exchange is forgotten."""
        ...

    @abstractmethod
    def answer(self, answer: Answer) -> None:
        """A whole response of the gateway's own; the exchange is forgotten."""
        ...

    @abstractmethod
    def switch(self, head: bytes, tunnel: Tunnel) -> None:
        """Send the 101 and open the tunnel on the client's transport."""
        ...

    @abstractmethod
    def abort(self) -> None:
        """The response cannot be completed; the client must notice."""
        ...

    @abstractmethod
    def pause_request(self) -> None:
        """Take no more of the request's body until `resume_request`."""
        ...

    @abstractmethod
    def resume_request(self) -> None: ...
