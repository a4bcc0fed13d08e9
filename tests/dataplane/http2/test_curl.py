"""curl, by prior knowledge and by Upgrade."""

import asyncio
import os
import shutil

import pytest

from tests.dataplane.worlds import HOST, Replica, running


@pytest.fixture(scope="module", autouse=True)
def curl():
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("curl is missing")
        pytest.skip("curl is missing")


async def run(world, *words):
    """What curl prints, with the protocol and status that it saw behind it."""
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", "--max-time", "5",
        "--write-out", " %{http_version} %{http_code}",
        "--header", f"Host: {HOST}", *words, f"http://127.0.0.1:{world.port}/x",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return printed.decode()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--http1.1"], "GET /x  1.1 200"),
        (["--http2-prior-knowledge"], "GET /x  2 200"),
        (["--http2-prior-knowledge", "--data", "body"], "POST /x body 2 200"),
        (["--http2-prior-knowledge", "--head"], "2 200"),
        (["--http2"], "GET /x  2 200"),
        (["--http2", "--data", "body"], "POST /x body 1.1 200"),  # its body keeps it there
        (["--http1.0"], "GET /x  1.1 200"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_each_way(words, expected):
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        printed = await run(world, *words)
        assert printed.endswith(expected)
