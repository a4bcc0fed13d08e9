"""Writes responses to an HTTP/1.x client, framed for its version.

An HTTP/1.1 client gets a body of unknown length in chunks; an HTTP/1.0 client gets it as it is,
ended by closing.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from kfsim.dataplane.answers import Answer
from kfsim.dataplane.heads import LAST_CHUNK, Framing, RawHeader, chunk, make_lines
from kfsim.dataplane.requests import RequestHead
from kfsim.dataplane.responses import ResponseHead, has_no_body, status_line

# Looked up once: a member of an enumeration costs more than most of what is done with it.
_CHUNKED: Final = Framing.CHUNKED
_LENGTH: Final = Framing.LENGTH
_UNTIL_CLOSE: Final = Framing.UNTIL_CLOSE

_CLOSE = b"Connection: close\r\n"
_KEEP_ALIVE = b"Connection: keep-alive\r\n"


class ClientWriter:
    """One connection's way out. `keep_alive` tells after a response whether another may follow."""

    __slots__ = ("_chunked", "_parts", "_transport", "begun", "keep_alive")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._chunked = False
        self._parts: list[bytes] = []
        self.begun = False
        self.keep_alive = True

    def write(self, data: bytes) -> None:
        """uvloop raises on a closed transport, so this does not try."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def interim(self, status: int, fields: Sequence[RawHeader]) -> None:
        """Write a 1xx response."""
        self.write(b"%b%b\r\n" % (status_line(status), make_lines(fields)))

    def begin(
        self, request: RequestHead | None, head: ResponseHead, added: bytes, *, keep_alive: bool
    ) -> None:
        """Write a replica's head."""
        http11 = request is not None and request.http11
        framing = head.framing
        if framing in (_CHUNKED, _UNTIL_CLOSE):
            framing = _CHUNKED if http11 else _UNTIL_CLOSE
        self.keep_alive = keep_alive and framing is not _UNTIL_CLOSE
        self._chunked = framing is _CHUNKED
        self.begun = True
        self._parts.append(head.make(framing, added=added, connection=self._connection(http11)))

    def whole(
        self,
        request: RequestHead | None,
        head: ResponseHead,
        added: bytes,
        body: bytes,
        *,
        keep_alive: bool,
    ) -> None:
        """Write a replica's whole response, whose length is known, in one go."""
        self.keep_alive = keep_alive
        connection = self._connection(request is not None and request.http11)
        self.write(head.make(_LENGTH, added=added, connection=connection) + body)

    def body(self, data: bytes) -> None:
        if self._chunked:
            self._parts += chunk(data)
        else:
            self._parts.append(data)

    def flush(self) -> None:
        """Hand over what one read from the replica gave, in one go: a system call saved."""
        parts = self._parts
        if parts:
            self._parts = []
            if not self._transport.is_closing():
                self._transport.writelines(parts)

    def end(self) -> None:
        if self._chunked:
            self._chunked = False
            self._parts.append(LAST_CHUNK)
        self.begun = False
        self.flush()

    def answer(self, request: RequestHead | None, answer: Answer, *, keep_alive: bool) -> None:
        """Write a response of the gateway's own."""
        self.keep_alive = keep_alive
        body = answer.text.encode()
        method = request.method if request is not None else b""
        self.write(
            b"%bContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
            b"Content-Length: %d\r\n%b%b\r\n%b"
            % (
                status_line(answer.status),
                len(body),
                make_lines(answer.fields),
                self._connection(request is not None and request.http11),
                b"" if has_no_body(method, answer.status) else body,
            )
        )

    def _connection(self, http11: bool) -> bytes:
        if not self.keep_alive:
            return _CLOSE
        return b"" if http11 else _KEEP_ALIVE
