"""A replica that does what models do and keeps what it saw, for clients of all kinds."""

import asyncio
import hashlib
import json
import os
import shutil
from contextlib import asynccontextmanager

import pytest

from tests.dataplane.worlds import Replica, running

LINES = [json.dumps({"token": number}).encode() + b"\n" for number in range(50)]
ANSWER = json.dumps({"predictions": [1, 1]}).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def behave(replica, request, writer):
    """Predicts, streams line by line, digests uploads, keeps silent, or asks for the body first."""
    path = request.target.partition("?")[0]
    if path == "/stream":
        await request.body()
        writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        for line in LINES:
            writer.write(b"%x\r\n%b\r\n" % (len(line), line))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
    elif path == "/silent":
        await replica.gate.wait()
    else:
        if request.headers.get("expect") == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await request.body()
        answer = digest(body) if path == "/upload" else ANSWER
        writer.write(OK + b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer))


def digest(body: bytes) -> bytes:
    return json.dumps({"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}).encode()


class Scene:
    """The URL of a service, and its replica."""

    def __init__(self, world, replica):
        self.world = world
        self.replica = replica
        self.url = f"http://127.0.0.1:{world.port}/serving/default/iris"
        self.socket = f"ws://127.0.0.1:{world.port}/serving/default/iris"

    def targets(self) -> list[str]:
        return [request.target for request in self.replica.received]

    @property
    def headers(self) -> dict[str, str]:
        """Of the latest request."""
        return self.replica.received[-1].headers


@asynccontextmanager
async def scene(handler=behave):
    replica = Replica(1, handler)
    async with running(replica) as world:
        world.route(replica)
        yield Scene(world, replica)


async def run(program: str, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    """A program's exit status, output and errors."""
    path = shutil.which(program)
    if path is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing(f"{program} is not installed")
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate(given)
    return process.returncode, output.decode(), errors.decode()
