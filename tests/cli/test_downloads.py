"""Manifests from web addresses: what is fetched, and what is said when it is not."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from kfsim.base.errors import Unavailable
from kfsim.cli import downloads
from kfsim.cli.downloads import fetch_text, is_web_address
from kfsim.cli.manifests import load_paths

ANSWERS = {
    "/one.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n",
    "/latin": b"\xff\xfe",
    "/large": b"x" * 100,
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = ANSWERS.get(self.path)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return None


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "expected"),
    [("http://x/y", True), ("https://x", True), ("ftp://x", False), ("http/x.yaml", False)],
)
def test_what_is_an_address(path: str, expected: bool) -> None:
    assert is_web_address(path) is expected


def test_documents_of_an_address_have_no_source_and_show_it(server: str) -> None:
    (manifest,) = load_paths([f"{server}/one.yaml"]).found
    assert (manifest.source, manifest.place) == ("", f"{server}/one.yaml:1")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/none", r"/none: the server answered 404"),
        ("/latin", r"/latin: is no UTF-8 text"),
        ("/large", r"/large: is larger than 0 MiB"),
    ],
)
def test_what_cannot_be_used_is_said(
    server: str, monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    monkeypatch.setattr(downloads, "MAX_BYTES", 99)
    with pytest.raises(Unavailable, match=message):
        fetch_text(server + path)


def test_an_address_that_nobody_answers_at_is_an_error_and_the_rest_is_read(server: str) -> None:
    loaded = load_paths(["http://127.0.0.1:1/x.yaml", f"{server}/one.yaml"])
    assert len(loaded.found) == 1
    assert loaded.errors[0].startswith("http://127.0.0.1:1/x.yaml: cannot be fetched: ")
