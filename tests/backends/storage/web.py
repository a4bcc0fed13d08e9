"""A web server on the loopback interface that answers as a test tells it to."""

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

OCTETS = "application/octet-stream"


@dataclass
class Page:
    """What a path gives. `length` lies about the body; `gate` holds it up after its first half."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    gate: threading.Event | None = None


@dataclass
class Web:
    """`requests` has the path and headers of every request, in order."""

    port: int
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    end: Callable[[], None] = lambda: None

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def put(self, path: str, body: bytes, kind: str = OCTETS, **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Page(body, headers={"content-type": kind, **named})
        return self.url(path)


def _make_handler(web: Web) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            web.requests.append((self.path, headers))
            web.arrived.set()
            page = web.pages.get(self.path, Page(status=404))
            etag = page.headers.get("etag")
            modified = page.headers.get("last-modified")
            if (etag and headers.get("if-none-match") == etag) or (
                modified and headers.get("if-modified-since") == modified
            ):
                page = Page(status=304)
            self.close_connection = True
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(page.length or len(page.body)))
            self.end_headers()
            half = len(page.body) // 2
            self.wfile.write(page.body[:half])
            self.wfile.flush()
            if page.gate is not None:
                page.gate.wait(30)
            self.wfile.write(page.body[half:])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            pass

    return Handler


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed break their connections; that is what the tests do."""


@contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    web = Web(port=0)
    server = _Server(("127.0.0.1", 0), _make_handler(web))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    ended = threading.Event()

    def end() -> None:
        if not ended.is_set():
            ended.set()
            server.shutdown()
            thread.join()
            for page in web.pages.values():
                if page.gate is not None:
                    page.gate.set()
            server.server_close()

    web.end = end
    try:
        yield web
    finally:
        end()
