"""curl: what a user types at a service, in HTTP/1.1 and HTTP/1.0."""

import json
import os

import pytest

from tests.clients.scenes import ANSWER, LINES, digest, run, scene
from tests.dataplane.worlds import until

BIG = os.urandom(3 << 20)


@pytest.fixture
def big_file(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(BIG)
    return path


async def curl(*arguments, given=b""):
    return await run("curl", "--silent", "--show-error", "--http1.1", *arguments, given=given)


async def test_prediction():
    async with scene() as at:
        status, output, _ = await curl(
            "-d", '{"instances": []}', f"{at.url}/v1/models/iris:predict"
        )
        assert (status, output.encode()) == (0, ANSWER)
        assert at.targets() == ["/v1/models/iris:predict"]
        assert at.headers["content-length"] == "17"
        assert at.headers["user-agent"].startswith("curl/")


async def test_two_urls_share_a_connection():
    async with scene() as at:
        status, output, errors = await curl("-v", f"{at.url}/a", f"{at.url}/b")
        assert (status, output.encode()) == (0, ANSWER * 2)
        assert "Re-using existing" in errors
        assert at.targets() == ["/a", "/b"]
        assert at.replica.connections == 1


async def test_big_upload_asks_first(big_file):
    async with scene() as at:
        data = ("--data-binary", f"@{big_file}", "-H", "Expect: 100-continue")
        status, output, errors = await curl("-v", *data, f"{at.url}/upload")
        assert (status, output.encode()) == (0, digest(BIG))
        assert "HTTP/1.1 100 Continue" in errors
        assert at.headers["expect"] == "100-continue"
        assert at.headers["content-length"] == str(len(BIG))


async def test_upload_of_unknown_length():
    async with scene() as at:
        status, output, _ = await curl("-T", "-", f"{at.url}/upload", given=BIG)
        assert (status, output.encode()) == (0, digest(BIG))
        assert at.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in at.headers


@pytest.mark.parametrize("more", [(), ("-H", "Connection: keep-alive")])
async def test_http_1_0(more):
    async with scene() as at:
        told = ("--write-out", " %{http_version}", "--http1.0", *more)
        status, output, _ = await curl(*told, f"{at.url}/a")
        assert status == 0
        assert output.encode().startswith(ANSWER)
        status, output, _ = await curl("-0", "-v", *more, f"{at.url}/stream")
        assert (status, output.encode()) == (0, b"".join(LINES))
        assert [request.request_line[-8:] for request in at.replica.received] == ["HTTP/1.1"] * 2


async def test_head_and_stream():
    async def answer(replica, request, writer):
        assert request.method == "HEAD"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")

    async with scene(answer) as at:
        status, output, _ = await curl("-I", f"{at.url}/a")
        assert status == 0
        assert "Content-Length: 99" in output
    async with scene() as at:
        status, output, _ = await curl("-N", f"{at.url}/stream")
        assert [json.loads(line) for line in output.splitlines()] == list(map(json.loads, LINES))


async def test_giving_up_frees_the_place():
    async with scene() as at:
        status, _, errors = await curl("--max-time", "0.3", f"{at.url}/silent")
        assert status == 28, errors
        await until(lambda: at.world.gateway.counters.open == 0)
