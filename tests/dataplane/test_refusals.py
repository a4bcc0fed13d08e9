"""Each limit counts what it refused, once."""

import pytest

from kfsim.dataplane import Limits
from kfsim.dataplane.refusals import Refusal, Refusals
from tests.dataplane.worlds import HOST, REVISION, Replica, running, until

START = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n".encode()
LIMITS = Limits(
    head_bytes=1000, headers=10, discarded_bytes=1000, head_timeout=0.05, idle_timeout=0.05
)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfsim.dataplane.rest._INTERVAL", 0.02)


def counted(refusals: Refusals) -> dict[str, int]:
    return {refusal: count for refusal, count in refusals.counts.items() if count}


@pytest.mark.parametrize(
    ("sent", "statuses", "refusal"),
    [
        pytest.param(
            START + b"X: " + b"x" * 2000, [431], Refusal.HEAD_SIZE, id="a head without end"
        ),
        pytest.param(
            START + b"X: " + b"x" * 2000 + b"\r\n\r\n", [431], Refusal.HEAD_SIZE, id="a large head"
        ),
        pytest.param(
            START + b"X: y\r\n" * 20 + b"\r\n", [431], Refusal.HEADER_COUNT, id="many headers"
        ),
        pytest.param(START, [408], Refusal.SLOW_HEAD, id="half a head"),
        pytest.param(START + b"\r\n", [404], Refusal.IDLE, id="nothing after a request"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: nobody\r\nContent-Length: 9000\r\n\r\n" + b"x" * 5000,
            [404],
            Refusal.UNREAD_BODY,
            id="a body after its answer",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: nobody\r\nContent-Length: 9000\r\n\r\nx",
            [404],
            Refusal.UNREAD_BODY,
            id="a body that stays away after its answer",
        ),
    ],
)
async def test_it_is_counted_once(sent, statuses, refusal):
    async with running(limits=LIMITS) as world:
        client = await world.connect()
        client.writer.write(sent)
        assert [(await client.reply()).status for _ in statuses] == statuses
        assert await client.reader.read() == b""
        client.close()
        assert counted(world.gateway.refusals) == {refusal: 1}


async def test_what_is_served_is_not_counted():
    replica = Replica(1)
    async with running(replica, limits=LIMITS) as world:
        world.route(replica)
        assert (await world.ask("/")).status == 200
        assert counted(world.gateway.refusals) == {}


async def test_a_request_that_waits_and_turns_out_bad_gives_its_place_back():
    replica = Replica(1)
    async with running(replica) as world:
        world.route()
        client = await world.connect()
        client.writer.write(
            f"POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        await until(lambda: world.flow.held(REVISION) == 1)
        client.writer.write(b"no size\r\n")
        assert (await client.reply()).status == 400
        client.close()
        assert world.flow.held(REVISION) == 0
        world.route(replica, container_concurrency=1)
        assert (await world.ask("/")).status == 200
        assert world.flow.running(REVISION) == 0
