"""No usable engine: the command line and the status say why, and processes are served meanwhile."""

import json
import os
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.containers import ask, find_status, make_container, write_service
from tests.live.tool import Kfsim
from tests.waiting import wait_until

UP = ("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", "--runtime=docker")


class _Old(socketserver.StreamRequestHandler):
    """An engine of 2016."""

    def handle(self) -> None:
        while (line := self.rfile.readline()) not in (b"", b"\r\n"):
            del line
        body = json.dumps({"Version": "1.12.6", "ApiVersion": "1.24", "MinAPIVersion": "1.12"})
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        self.wfile.write(f"{head}\r\nconnection: close\r\n\r\n{body}".encode())


class _Garbage(socketserver.StreamRequestHandler):
    """No HTTP at all."""

    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"220 mail.example.org ESMTP\r\n")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Some clients only look whether anybody listens."""


@contextmanager
def _listening(handler: type[socketserver.StreamRequestHandler]) -> Iterator[str]:
    """The URL of a socket where this answers. The path is short, as sockets' must be."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/engine.sock"
        with _Server(path, handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield f"unix://{path}"
            finally:
                server.shutdown()
                thread.join()


@contextmanager
def _no_socket() -> Iterator[str]:
    yield "unix:///nonexistent.sock"


@contextmanager
def _old() -> Iterator[str]:
    with _listening(_Old) as url:
        yield url


@contextmanager
def _garbage() -> Iterator[str]:
    with _listening(_Garbage) as url:
        yield url


def check_absent(kfsim: Kfsim, words: str) -> None:
    """A container's service says the words everywhere, and a process's is served."""
    write_service(kfsim, "web", make_container("kfsim-test/any:1"))
    asked = {"kfsim.dev/runtime": "process"}
    write_service(kfsim, "other", make_container("kfsim-test/any:1"), annotations=asked)
    done = kfsim.attempt(*UP, "--timeout=2s")
    assert done.returncode == 1, done.stdout
    assert words in done.stdout
    assert "--runtime process" in done.stdout or "sudo" in done.stdout
    assert "other: process · Ready" in done.stdout
    assert ask(kfsim, "other", "1 + 1") == 2
    waiting = wait_until(
        lambda: find_status(kfsim, "web").get("state", {}).get("waiting"), what="a status"
    )
    assert waiting["reason"] == "EngineUnavailable"
    assert words in waiting["message"]
    assert words in kfsim.run("why", "web")


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        pytest.param(
            _no_socket,
            "cannot reach the Docker engine at unix:///nonexistent.sock: there is no such socket",
            id="none",
        ),
        pytest.param(_old, "is too old: it is version 1.12.6 with API 1.24, and kfsim", id="old"),
        pytest.param(_garbage, "is no Docker engine", id="garbage"),
    ],
)
def test_an_engine_that_cannot_be_used_is_told_with_the_mend(
    kfsim: Kfsim, engine: Callable[[], Iterator[str]], words: str
) -> None:
    with engine() as url:  # type: ignore[attr-defined]
        kfsim.docker_host = url
        check_absent(kfsim, words)


def test_a_socket_without_permission_says_how_to_get_it(kfsim: Kfsim, tmp_path: Path) -> None:
    if os.geteuid() == 0:  # who may read and write everything, unless that is taken away
        kfsim.prefix = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    with socket.socket(socket.AF_UNIX) as guarded:
        path = tmp_path / "guarded.sock"
        guarded.bind(str(path))
        guarded.listen()
        path.chmod(0)
        kfsim.docker_host = f"unix://{path}"
        check_absent(kfsim, "permission denied; add yourself to the group docker")
