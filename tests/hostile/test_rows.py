"""Hostile requests over real sockets, and through the parsers cut at every byte."""

import asyncio
import re
from contextlib import asynccontextmanager

import pytest

from kfsim.base.types import Endpoint, ReplicaKey
from tests.dataplane.worlds import running, until
from tests.hostile.benches import Bench, say_ok
from tests.hostile.replies import read_replies
from tests.hostile.rows import PROBE, ROWS, Row, chunks, get
from tests.hostile.strict import StrictParser

_REFUSALS = (400, 431, 501, 505)
IDS = [row.name for row in ROWS]


class StrictReplica:
    """Answers every request that it can read in one way only, and fails on all others."""

    def __init__(self):
        self.key = ReplicaKey("default", "pod-1")
        self.endpoint = Endpoint(self.key, "127.0.0.1", 1)
        self.seen = []
        self.heads = 0
        self.faults = []

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.endpoint = Endpoint(self.key, "127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader, writer):
        parser = StrictParser()
        try:
            while data := await reader.read(65536):
                known = len(parser.requests)
                heads = parser.heads
                parser.feed(data)
                self.heads += parser.heads - heads
                for seen in parser.requests[known:]:
                    self.seen.append(seen)
                    writer.write(say_ok(seen))
        except AssertionError as fault:
            self.faults.append(fault)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()


@asynccontextmanager
async def strict_world():
    replica = StrictReplica()
    async with running(replica) as world:
        world.route(replica)
        yield world, replica
    assert replica.faults == []
    assert replica.heads <= world.gateway.counters.begun + world.gateway.counters.retries


def check(row: Row, received: bytes, seen, *, probed: bool = True) -> None:
    methods = tuple(method for method, _, _ in row.reaches)
    replies = [reply for reply in read_replies(received, methods=methods) if reply.status >= 200]
    statuses = [reply.status for reply in replies]
    reached = [(each.method, each.target, each.body) for each in seen]
    if row.closes:
        assert (statuses, reached) == (list(row.statuses), list(row.reaches))
    elif row.refused:
        # Which refusal it is may depend on how much of it came at once.
        assert statuses[:-1] == list(row.statuses[:-1])
        assert statuses[-1] in {row.statuses[-1], *_REFUSALS}
        assert reached == list(row.reaches)
        assert replies[-1].values(b"connection") == [b"close"]
    else:
        probe = [(b"GET", b"/probe", b"")] if probed else []
        assert statuses == [*row.statuses, *(200 for _ in probe)]
        assert reached == [*row.reaches, *probe]


@pytest.mark.parametrize("row", ROWS, ids=IDS)
async def test_over_a_socket(row):
    async with strict_world() as (world, replica):
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(row.sent + PROBE)
        received = await reader.read()
        writer.close()
        await until(lambda: world.gateway.counters.open == 0)
        check(row, received, replica.seen)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
async def test_in_single_bytes(row):
    bench = Bench()
    bench.send(*(bytes([byte]) for byte in row.sent + PROBE))
    check(row, bench.received, bench.seen)
    bench.leave()


def find_cuts(sent: bytes) -> list[int]:
    """Some sixty, and all before what could be taken for the beginning of a request."""
    even = range(1, len(sent), max(1, len(sent) // 60))
    begins = [found.start() for found in re.finditer(rb"(?:GET|POST) +/", sent)][:60]
    return sorted({*even, *begins} - {0})


@pytest.mark.parametrize("row", ROWS, ids=IDS)
async def test_cut_in_two_anywhere(row):
    sent = row.sent + PROBE
    for cut in find_cuts(sent):
        bench = Bench()
        bench.send(sent[:cut], sent[cut:])
        check(row, bench.received, bench.seen)
        bench.leave()


@pytest.mark.parametrize("behind", [b"4;", b"0\r\nX-A: "], ids=["extension", "trailer"])
async def test_what_brings_nothing_of_a_body_is_bounded(behind):
    bench = Bench()
    bench.send(chunks(b"4\r\nbody\r\n" + behind), *[b"x" * 10_000] * 7)
    assert [reply.status for reply in read_replies(bench.received)] == [400]
    bench.leave()


async def test_a_head_is_measured_whole_though_it_begins_behind_a_request():
    bench = Bench()
    bench.send(
        get() + b"GET /b HTTP/1.1\r\nX-A: " + b"x" * 70_000, b"\r\nHost: iris.default\r\n\r\n"
    )
    assert [reply.status for reply in read_replies(bench.received)] == [200, 431]
    bench.leave()
