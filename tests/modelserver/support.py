"""A model server in a process of its own, and plain requests to it."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def read_reply(file: Any) -> Reply:
    status = int(file.readline().split()[1])
    headers: dict[str, str] = {}
    while line := file.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return Reply(status, headers, file.read(int(headers.get("content-length", "0"))))


def send(port: int, raw: bytes) -> Reply:
    """One raw request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(raw)
        with connection.makefile("rb") as file:
            return read_reply(file)


def ask(
    port: int, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
) -> Reply:
    """One request; a body that is not bytes is sent as JSON."""
    payload = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    lines = [f"{method} {path} HTTP/1.1", "host: x", f"content-length: {len(payload)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return send(port, "\r\n".join(lines).encode() + b"\r\n\r\n" + payload)


@contextlib.contextmanager
def running_server(
    folder: Path, *args: str, name: str = "iris"
) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """The server's port and process; it listens when this is entered."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    command = make_command(folder, f"--model_name={name}", f"--socket_fd={bound.fileno()}", *args)
    process = subprocess.Popen(command, pass_fds=(bound.fileno(),), cwd=ROOT)
    port = bound.getsockname()[1]
    bound.close()
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not listen"
                time.sleep(0.02)
        yield port, process
    finally:
        process.kill()
        process.wait()


def make_command(folder: Path, *args: str) -> Sequence[str]:
    return [sys.executable, "-m", "kfsim.modelserver", f"--model_dir={folder}", *args]
