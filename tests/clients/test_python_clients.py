"""requests, httpx and aiohttp: predictions, streams, uploads, time-outs, kept connections."""

import asyncio
import os

import aiohttp
import httpx
import pytest
import requests

from tests.clients.scenes import ANSWER, LINES, digest, scene
from tests.dataplane.worlds import until

BIG = os.urandom(1 << 20)
PARTS = [BIG[start : start + 50_000] for start in range(0, len(BIG), 50_000)]
ASKED = {"instances": [[6.8, 2.8, 4.8, 1.4]]}
PREDICT = "/v1/models/iris:predict"


def use_requests(url: str) -> tuple[bytes, list[bytes], bytes, bytes]:
    with requests.Session() as session:
        predicted = session.post(url + PREDICT, json=ASKED).content
        with session.get(url + "/stream", stream=True) as reply:
            lines = list(reply.iter_lines())
        sized = session.post(url + "/upload", data=BIG).content
        return predicted, lines, sized, session.post(url + "/upload", data=iter(PARTS)).content


def use_httpx(url: str) -> tuple[bytes, list[bytes], bytes, bytes]:
    with httpx.Client(trust_env=False) as client:
        predicted = client.post(url + PREDICT, json=ASKED).content
        with client.stream("GET", url + "/stream") as reply:
            lines = [line.encode() for line in reply.iter_lines()]
        sized = client.post(url + "/upload", content=BIG).content
        return predicted, lines, sized, client.post(url + "/upload", content=iter(PARTS)).content


async def use_aiohttp(url: str) -> tuple[bytes, list[bytes], bytes, bytes]:
    async def upload():
        for part in PARTS:
            yield part

    async with aiohttp.ClientSession() as session:
        async with session.post(url + PREDICT, json=ASKED) as reply:
            predicted = await reply.read()
        async with session.get(url + "/stream") as reply:
            lines = [line.rstrip() async for line in reply.content]
        async with session.post(url + "/upload", data=BIG) as reply:
            sized = await reply.read()
        async with session.post(url + "/upload", data=upload()) as reply:
            return predicted, lines, sized, await reply.read()


async def use(client, url: str):
    """In a thread of its own, unless it has a loop."""
    if asyncio.iscoroutinefunction(client):
        return await client(url)
    return await asyncio.to_thread(client, url)


@pytest.mark.parametrize("client", [use_requests, use_httpx, use_aiohttp])
async def test_what_it_gets_is_what_the_replica_sent(client):
    async with scene() as at:
        predicted, lines, sized, chunked = await use(client, at.url)
        assert predicted == ANSWER
        assert lines == [line.rstrip() for line in LINES]
        assert sized == chunked == digest(BIG)
        assert at.targets() == [PREDICT, "/stream", "/upload", "/upload"]
        received = [request.headers for request in at.replica.received]
        assert received[0]["content-type"] == "application/json"
        assert received[2]["content-length"] == str(len(BIG))
        assert received[3]["transfer-encoding"] == "chunked"
        assert at.replica.connections == 1
        assert at.world.gateway.counters.begun == 4


def wait_with_requests(url: str) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(url, timeout=0.3)


def wait_with_httpx(url: str) -> None:
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ReadTimeout):
        client.get(url, timeout=0.3)


async def wait_with_aiohttp(url: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.3)) as session:
        with pytest.raises(TimeoutError):
            await session.get(url)


@pytest.mark.parametrize("client", [wait_with_requests, wait_with_httpx, wait_with_aiohttp])
async def test_its_time_out_frees_the_place(client):
    async with scene() as at:
        await use(client, at.url + "/silent")
        await until(lambda: at.world.gateway.counters.open == 0)


async def test_a_kept_connection_carries_many():
    async with scene() as at, aiohttp.ClientSession() as session:
        for _ in range(50):
            async with session.post(at.url + PREDICT, json=ASKED) as reply:
                assert await reply.read() == ANSWER
        assert at.world.gateway.open_connections == 1
        assert at.replica.connections == 1
