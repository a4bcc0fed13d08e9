"""What an exchange needs of the connection (or the HTTP/2 stream) that it answers."""

from collections.abc import Sequence
from typing import Protocol

from kfsim.dataplane.answers import Answer
from kfsim.dataplane.heads import RawHeader
from kfsim.dataplane.responses import ResponseHead
from kfsim.dataplane.tunnel import Tunnel


class Downstream(Protocol):
    """The client's side of one request."""

    def interim(self, status: int, fields: Sequence[RawHeader]) -> None:
        """A 1xx response, but for 101."""
        ...

    def begin_response(self, head: ResponseHead, added: bytes) -> None:
        """A replica's final head; `added` are whole header lines."""
        ...

    def send_response(self, data: bytes) -> None:
        """A part of the body; it may wait for `flush_response`."""
        ...

    def flush_response(self) -> None:
        """Nothing more is at hand for now: write what was given so far."""
        ...

    def end_response(self, trailers: Sequence[RawHeader] = ()) -> None:
        """The response is complete; the exchange is forgotten. HTTP/1.1 drops trailers."""
        ...

    def whole_response(self, head: ResponseHead, added: bytes, body: bytes) -> None:
        """A replica's response at once, its length known; the exchange is forgotten."""
        ...

    def answer(self, answer: Answer) -> None:
        """A whole response of the gateway's own; the exchange is forgotten."""
        ...

    def switch(self, head: bytes, tunnel: Tunnel) -> None:
        """Send the 101 and open the tunnel on the client's transport."""
        ...

    def abort(self) -> None:
        """The response cannot be completed; the client must notice."""
        ...

    def pause_request(self) -> None:
        """Take no more of the request's body until `resume_request`."""
        ...

    def resume_request(self) -> None: ...
