"""Replicas that lie: what the client gets, and that nobody else gets any of it."""

import asyncio

import pytest

from kfsim.dataplane import Limits
from kfsim.dataplane.counters import Outcome
from tests.dataplane.worlds import Replica, running, until

OK = b"HTTP/1.1 200 OK\r\n"


def saying(*parts, close=False):
    async def answer(replica, request, writer):
        if request.target == "/honest":
            writer.write(OK + b"Content-Length: 6\r\n\r\nhonest")
            return
        for part in parts:
            writer.write(part)
            await writer.drain()
        if close:
            writer.close()

    return answer


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
HEADS = {
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "the same length twice": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "length and coding": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding that nobody knows": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": OK + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n",
    "a length with a sign": OK + b"Content-Length: +2\r\n\r\nok",
    "a length that is too long": OK + b"Content-Length: " + b"1" * 5000 + b"\r\n\r\n",
    "a status that is none": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "letters for a status": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2 in words": b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a status below all": b"HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n",
    "no status at all": b"HTTP/1.1 000 What\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/0.9": b"HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no protocol": b"hello\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in a value": OK + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "a space before the colon": OK + b"Content-Length : 2\r\n\r\nok",
    "a bare CR": OK + b"X: a\rEvil: b\r\nContent-Length: 0\r\n\r\n",
    "a header without a colon": OK + b"Evil\r\nContent-Length: 0\r\n\r\n",
    "101 unasked": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "a head without an end": OK + b"X: " + b"x" * 70_000,
    "many headers": OK + b"X: y\r\n" * 20_000 + b"\r\n",
    "TLS": b"\x15\x03\x03\x00\x02\x02\x28",
    "HTTP/2 frames": b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
}  # fmt: skip


@pytest.mark.parametrize("said", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "in pieces"])
async def test_a_bad_head_is_a_bad_gateway(said, cut):
    parts = [said[: len(said) // 2], said[len(said) // 2 :]] if cut else [said]
    replica = Replica(1, saying(*parts))
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/")
        reply = await client.reply()
        assert reply.status == 502
        assert "pod-1" in reply.text
        client.send("/honest")  # on the same client connection, by another one to the replica
        assert (await client.reply()).text == "honest"
        assert replica.connections == 2
        client.close()


async def test_early_close_is_a_bad_gateway():
    replica = Replica(1, saying(close=True))
    async with running(replica) as world:
        world.route(replica)
        assert (await world.ask("/", method="POST", body=b"x")).status == 502


BROKEN = {
    "less than announced": (OK + b"Content-Length: 9\r\n\r\nok", True),
    "a bad chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n", False),
    "a chunk that is too long": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n", False),
    "an extension without an end": (CHUNKED + b"2;" + b"x" * 400_000, False),
    "a trailer without an end": (CHUNKED + b"0\r\nX: " + b"x" * 400_000, False),
    "chunks without an end": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", True),
}


@pytest.mark.parametrize(("said", "close"), BROKEN.values(), ids=BROKEN)
async def test_what_breaks_in_the_body_is_cut(said, close):
    replica = Replica(1, saying(said, close=close))
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError, ValueError)):
            await client.reply()
        await until(lambda: world.gateway.counters.ended[Outcome.BROKEN] == 1)
        client.close()


EXTRA = {
    "behind the body": OK + b"Content-Length: 2\r\n\r\nok" + OK + b"Content-Length: 4\r\n\r\nevil",
    "behind chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + OK + b"\r\n",
    "a body for 204": b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil",
    "a body for 304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil",
}  # fmt: skip


@pytest.mark.parametrize("said", EXTRA.values(), ids=EXTRA)
async def test_bytes_too_many_reach_nobody(said):
    replica = Replica(1, saying(said))
    async with running(replica) as world:
        world.route(replica)
        first = await world.ask("/")
        assert first.status in (200, 204, 304)
        assert first.text in ("ok", "")
        assert (await world.ask("/honest")).text == "honest"
        assert replica.connections == 2  # the other one is trusted no more


async def test_a_head_response_with_a_body_reaches_nobody():
    replica = Replica(1, saying(OK + b"Content-Length: 4\r\n\r\nevil"))
    async with running(replica) as world:
        world.route(replica)
        reply = await world.ask("/", method="HEAD")
        assert (reply.status, reply.headers["content-length"]) == (200, "4")
        assert (await world.ask("/honest")).text == "honest"
        assert replica.connections == 2


async def test_unasked_bytes_on_a_resting_connection_poison_it():
    async def answer(replica, request, writer):
        writer.write(OK + b"Content-Length: 6\r\n\r\nhonest")
        if not unasked.is_set():
            await writer.drain()
            asyncio.get_running_loop().call_later(0.05, speak, writer)

    def speak(writer):
        writer.write(OK + b"Content-Length: 4\r\n\r\nevil")
        unasked.set()

    unasked = asyncio.Event()
    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        assert (await world.ask("/")).text == "honest"
        await unasked.wait()
        await until(lambda: world.gateway.upstreams.idle == 0)
        assert (await world.ask("/")).text == "honest"
        assert replica.connections == 2


async def test_interim_responses_without_end_are_bounded():
    async def answer(replica, request, writer):
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100)
            await writer.drain()

    replica = Replica(1, answer)
    async with running(replica, limits=Limits(head_bytes=8192)) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/")
        while not (head := await client.head()).startswith(b"HTTP/1.1 502 "):
            assert head.startswith(b"HTTP/1.1 103 ")
        client.close()
