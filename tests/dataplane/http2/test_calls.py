"""gRPC as its own clients and servers speak it, through the gateway."""

import asyncio

import grpc
import pytest

from kfsim.dataplane.counters import Outcome
from tests.dataplane.http2.peers import GrpcReplica, channel_to
from tests.dataplane.worlds import REVISION, Replica, running, until


async def failure(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), caught.value.details()


async def test_a_call_with_metadata_both_ways():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route(replica)
        async with channel_to(world) as channel:
            call = channel.unary_unary("/a/Echo")(b"hello", metadata=(("mine", "x"),))
            assert await call == b"hello"
            first = dict(await call.initial_metadata())
            assert first["early"] == "1"
            assert first["kfsim-revision"] == REVISION.name
            assert dict(await call.trailing_metadata()) == {"late": "2"}
            assert replica.calls.metadata["mine"] == "x"
            assert replica.calls.metadata["kserve-isvc-name"] == "iris"
            code, text = await failure(channel.unary_unary("/a/Fail")(b""))
            assert (code, text) == (grpc.StatusCode.NOT_FOUND, "nichts für Sie")
        assert world.gateway.counters.ended[Outcome.PROXIED] == 2


async def test_all_kinds_of_streams():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route(replica)
        async with channel_to(world) as channel:
            down = channel.unary_stream("/a/Repeat")(b"x" * 100_000)
            assert [len(part) async for part in down] == [n * 100_000 for n in range(1, 6)]
            up = channel.stream_unary("/a/Count")(iter([b"y" * 70_000] * 20))
            assert await up == b"1400000"
            both = channel.stream_stream("/a/Mirror")()
            for text in (b"one", b"two"):
                await both.write(text)
                assert await both.read() == text  # each answer before the next question
            await both.done_writing()
            assert await both.read() is grpc.aio.EOF


async def test_large_messages_and_many_calls_at_once():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route(replica)
        async with channel_to(world) as channel:
            echo = channel.unary_unary("/a/Echo")
            assert len(await echo(b"z" * 20_000_000)) == 20_000_000
            answers = await asyncio.gather(*(echo(b"%d" % n * 1000) for n in range(300)))
            assert answers == [b"%d" % n * 1000 for n in range(300)]
        assert world.gateway.counters.ended[Outcome.PROXIED] == 301


async def test_a_call_is_held_at_zero_and_goes_out_when_there_is_a_replica():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route()
        async with channel_to(world) as channel:
            call = channel.unary_unary("/a/Echo")(b"cold")
            await until(lambda: world.flow.held(REVISION) == 1)
            world.route(replica)
            assert await call == b"cold"
            assert dict(await call.initial_metadata())["kfsim-start"] == "cold"


async def test_a_deadline_that_passes_while_held():
    async with running() as world:
        world.route()
        async with channel_to(world) as channel:
            call = channel.unary_unary("/a/Echo")(b"", timeout=0.2)
            code, _ = await failure(call)
            assert code is grpc.StatusCode.DEADLINE_EXCEEDED
            await until(lambda: world.flow.held(REVISION) == 0)


async def test_container_concurrency_counts_calls():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route(replica, container_concurrency=1)
        async with channel_to(world) as channel:
            calls = [channel.unary_unary("/a/Wait")(b"%d" % n) for n in range(5)]
            await until(lambda: world.flow.running(REVISION) == 5)
            await until(lambda: replica.calls.begun == 1)
            replica.calls.gate.set()
            assert await asyncio.gather(*calls) == [b"%d" % n for n in range(5)]


async def test_a_cancelled_call_gives_its_place_back():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route(replica, container_concurrency=1)
        async with channel_to(world) as channel:
            call = channel.unary_unary("/a/Wait")(b"")
            await until(lambda: replica.calls.begun == 1)
            call.cancel()
            await until(lambda: world.flow.running(REVISION) == 0)
            await until(lambda: replica.calls.cancelled == 1)
            assert world.gateway.counters.ended[Outcome.CLIENT_LOST] == 1
            assert await channel.unary_unary("/a/Echo")(b"next") == b"next"


@pytest.mark.parametrize(
    ("host", "code", "words"),
    [
        ("nobody.default.localhost", grpc.StatusCode.UNIMPLEMENTED, "Known hosts"),
        ("iris.default.localhost", grpc.StatusCode.UNIMPLEMENTED, "name the container's port h2c"),
    ],
    ids=["unknown host", "http1 replica"],
)
async def test_what_the_gateway_says_is_a_grpc_status(host, code, words):
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        async with channel_to(world, host) as channel:
            found, text = await failure(channel.unary_unary("/a/Echo")(b""))
            assert found is code
            assert words in text
        assert replica.received == []


async def test_a_replica_that_is_gone_is_unavailable():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route(replica)
        async with channel_to(world) as channel:
            call = channel.unary_unary("/a/Wait")(b"")
            await until(lambda: replica.calls.begun == 1)
            await replica.stop()
            code, _ = await failure(call)
            assert code is grpc.StatusCode.UNAVAILABLE


async def test_a_full_queue_is_unavailable():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route(replica, container_concurrency=1)
        async with channel_to(world) as channel:
            calls = [channel.unary_unary("/a/Wait")(b"") for _ in range(11)]
            await until(lambda: world.flow.running(REVISION) == 11)
            code, text = await failure(channel.unary_unary("/a/Wait")(b""))
            assert code is grpc.StatusCode.UNAVAILABLE
            assert text == "pending request queue full"
            replica.calls.gate.set()
            await asyncio.gather(*calls)


async def test_a_timeout_of_the_revision_is_a_deadline():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route(replica, timeout=0.2)
        async with channel_to(world) as channel:
            code, text = await failure(channel.unary_unary("/a/Wait")(b""))
            assert (code, text) == (grpc.StatusCode.DEADLINE_EXCEEDED, "request timeout")


async def test_a_closing_gateway_lets_calls_end():
    replica = GrpcReplica()
    async with running(replica) as world:
        world.route(replica)
        async with channel_to(world) as channel:
            call = channel.unary_unary("/a/Wait")(b"last")
            await until(lambda: replica.calls.begun == 1)
            closing = asyncio.ensure_future(world.gateway.close(5.0))
            await asyncio.sleep(0)
            replica.calls.gate.set()
            assert await call == b"last"
            await closing
