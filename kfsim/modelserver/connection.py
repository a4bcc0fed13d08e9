"""One HTTP/1.1 connection: bytes to requests, answers to bytes.

Requests of a connection are answered in order, one at a time; what is pipelined behind a request
that runs on the worker thread waits, with reading paused. Light requests are answered inside
`data_received`, without a task.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from http import HTTPStatus
from typing import Protocol, cast

import httptools

from kfsim.modelserver.routes import Answer, Request, Router

_logger = logging.getLogger(__name__)
MAX_BODY = 2**30
_HEADS = {
    status.value: (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
        "content-length: "
    ).encode()
    for status in HTTPStatus
}
_BINARY_HEADS = {
    200: b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n"
    b"inference-header-content-length: %d\r\ncontent-length: "
}


class ServerState(Protocol):
    """What connections share."""

    router: Router
    worker: Executor
    draining: bool
    connections: "dict[Connection, None]"
    on_idle: Callable[[], None]


class Connection(asyncio.Protocol):
    """Parses with llhttp and answers through the router."""

    def __init__(self, state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        self._state = state
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._busy = False
        self._reset()

    def _reset(self) -> None:
        self._url = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._json_length: int | None = None
        self._mid_request = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._state.connections[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._state.connections.pop(self, None)
        self._waiting.clear()
        if self._state.draining:
            self._state.on_idle()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, b'{"error":"protocol upgrades are not supported"}')
        except httptools.HttpParserError as error:
            if not self._busy:
                self._refuse(400, b'{"error":"malformed HTTP request: %s"}' % _plain(error))
            elif self._transport is not None:
                self._transport.close()

    # httptools callbacks

    def on_message_begin(self) -> None:
        self._mid_request = True

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 31 and name.lower() == b"inference-header-content-length":
            self._json_length = int(value) if value.isdigit() else -1
        elif name.lower() == b"expect" and value.lower() == b"100-continue":
            self._continue()

    def _continue(self) -> None:
        if self._transport is not None and not self._busy:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MAX_BODY:
            self._refuse(413, b'{"error":"the request body is larger than 1 GiB"}')
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        parts = self._parts
        request = Request(
            method=self._parser.get_method().decode("ascii"),
            path=self._url.decode("latin-1"),
            body=parts[0] if len(parts) == 1 else b"".join(parts),
            json_length=self._json_length,
        )
        keep_alive = self._parser.should_keep_alive()
        self._reset()
        if self._busy:
            self._waiting.append((request, keep_alive))
            return
        self._serve(request, keep_alive)

    # Answering

    def _serve(self, request: Request, keep_alive: bool) -> None:
        router = self._state.router
        if not router.is_heavy(request):
            self._answer(self._handled(request), keep_alive)
            return
        self._busy = True
        if self._transport is not None:
            self._transport.pause_reading()
        future = self._loop.run_in_executor(self._state.worker, self._handled, request)
        future.add_done_callback(lambda done: self._finish(done.result(), keep_alive))

    def _handled(self, request: Request) -> Answer:
        try:
            return self._state.router.handle(request)
        except Exception:
            _logger.exception("%s %s failed", request.method, request.path)
            return Answer(500, b'{"error":"internal error; see the log of this replica"}')

    def _finish(self, answer: Answer, keep_alive: bool) -> None:
        self._busy = False
        self._answer(answer, keep_alive)
        while self._waiting and not self._busy:
            request, keep = self._waiting.popleft()
            self._serve(request, keep)
        if not self._busy and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _answer(self, answer: Answer, keep_alive: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        keep = keep_alive and not self._state.draining
        head = _HEADS[answer.status] if not answer.content_type else _make_head(answer)
        if answer.json_length is not None:
            head = _BINARY_HEADS[200] % answer.json_length
        end = b"\r\n\r\n" if keep else b"\r\nconnection: close\r\n\r\n"
        transport.write(b"%b%d%b%b" % (head, len(answer.body), end, answer.body))
        if not keep:
            transport.close()

    def _refuse(self, status: int, body: bytes) -> None:
        self._waiting.clear()
        self._answer(Answer(status, body), keep_alive=False)

    def drain(self) -> None:
        """Close now when nothing is in flight, else after the answer."""
        transport = self._transport
        if transport is not None and not (self._busy or self._waiting or self._mid_request):
            transport.close()


def _make_head(answer: Answer) -> bytes:
    """The head of an answer with a type or reason of its own; what could break it is left out."""
    reason = answer.reason or HTTPStatus(answer.status).phrase
    plain = "".join(each for each in reason if each.isascii() and each.isprintable())
    return (
        f"HTTP/1.1 {answer.status} {plain}\r\ncontent-type: {answer.content_type}\r\n"
        "content-length: "
    ).encode()


def _plain(error: Exception) -> bytes:
    return "".join(each for each in str(error) if each.isalnum() or each in " .,:-").encode()
