"""Engines for tests: one that knows only what connecting asks, and a proxy that can be cut."""

import asyncio
import contextlib
import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

VERSION = {"Version": "24.0.7", "ApiVersion": "1.43", "MinAPIVersion": "1.12"}
INFO = {
    "NCPU": 4,
    "MemTotal": 8 * 2**30,
    "SystemTime": "2026-01-02T03:04:05.123456789Z",
    "OperatingSystem": "Debian GNU/Linux 12",
    "SecurityOptions": ["name=seccomp,profile=default"],
}


class FakeEngine:
    """Serves `answers` by path (without the version) on a unix socket; `/events` stays open until
    `lose`. `asked` are the paths, in order."""

    def __init__(self, socket: Path, answers: dict[str, object] | None = None) -> None:
        self.answers: dict[str, object] = {"/version": VERSION, "/info": INFO, **(answers or {})}
        self.asked: list[str] = []
        self.url = f"unix://{socket}"
        self._lost = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                lost = fake._lost
                fake.asked.append(self.path)
                path = self.path.partition("?")[0]
                if path.startswith("/v"):
                    head, _, rest = path[1:].partition("/")
                    path = f"/{rest}" if "." in head else path
                if path == "/events":
                    self.stream(lost)
                else:
                    self.answer(fake.answers.get(path))

            def stream(self, lost: threading.Event) -> None:
                self.send_response(200)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for event in fake.answers.get("/events", ()):  # type: ignore[attr-defined]
                    line = json.dumps(event).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
                self.wfile.flush()
                lost.wait()
                self.close_connection = True

            def answer(self, found: object) -> None:
                status, body = (200, found) if found is not None else (404, {"message": "no such"})
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def address_string(self) -> str:
                return "unix"

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
                pass

        socket.unlink(missing_ok=True)
        self._server = socketserver.ThreadingUnixStreamServer(str(socket), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def followed(self) -> bool:
        """Whether somebody follows the events."""
        return "/v1.41/events" in (path.partition("?")[0] for path in self.asked)

    def lose(self) -> None:
        """End the event streams that are open."""
        self.asked.clear()
        lost, self._lost = self._lost, threading.Event()
        lost.set()

    def close(self) -> None:
        self.lose()
        self._server.shutdown()
        self._server.server_close()


class Proxy:
    """Passes connections of a unix socket on to an engine, until it is cut."""

    def __init__(self, socket: Path, target: str) -> None:
        self.url = f"unix://{socket}"
        self._socket = socket
        self._target = target.removeprefix("unix://")
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self._socket))

    async def cut(self) -> None:
        """Close every connection and take no more; the socket's file goes too."""
        assert self._server is not None
        self._server.close()
        self._socket.unlink()
        for writer in tuple(self._open):
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        for each in (writer, far_writer):
            self._open[each] = None
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._copy(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()
        self._open.pop(sink, None)
