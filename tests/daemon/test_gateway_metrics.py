"""What the gateway tells of itself, beside what clients saw."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kfsim.daemon.gateway_metrics import GatewayMetrics
from kfsim.daemon.metrics import Metrics
from kfsim.dataplane import Limits
from kfsim.dataplane.refusals import Refusal
from kfsim.testing.clock import FakeClock
from tests.daemon.test_metrics import read
from tests.dataplane.worlds import Replica, World, running, until


async def samples(world: World) -> dict[str, float]:
    """Those that are not zero, by name and label values."""
    metrics = Metrics(FakeClock())
    metrics.add(GatewayMetrics(world.gateway))
    return {
        "/".join((each.name.removeprefix("kfsim_gateway_"), *each.labels.values())): each.value
        for family in text_string_to_metric_families((await read(metrics)).decode())
        for each in family.samples
        if each.value
    }


async def test_every_request_is_told_by_how_it_ended() -> None:
    async def answer(replica: Replica, request: object, writer: object) -> None:
        if request.target == "/break":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            writer.close()
        elif request.target == "/hang":
            await replica.gate.wait()
        else:
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        assert (await world.ask("/")).status == 201
        assert (await world.ask("/")).status == 201
        assert (await world.ask("/", host="nobody")).status == 404
        broken = await world.connect()
        broken.send("/break")
        assert b" 200 " in await broken.head()
        await broken.reader.read()
        unreadable = await world.connect()
        unreadable.writer.write(b"what?\r\n\r\n")
        assert (await unreadable.reply()).status == 400
        replica.arrived.clear()
        lost = await world.connect()
        lost.send("/hang")
        await replica.arrived.wait()
        await until(lambda: world.gateway.open_connections == 1)  # what was refused lingers
        found = await samples(world)
        assert (found["requests_open"], found["connections_open"]) == (1, 1)
        for client in (lost, broken, unreadable):
            client.close()
        await until(lambda: world.gateway.counters.open == 0)
        found = await samples(world)
        assert {name: value for name, value in found.items() if "requests_total" in name} == {
            "requests_total/201/proxied": 2,
            "requests_total/404/answered": 1,
            "requests_total/200/broken": 1,
            "requests_total//client_lost": 1,
            "requests_total/400/unreadable": 1,
        }
        assert "requests_open" not in found
        assert found["upstream_connections_opened_total"] == replica.connections


async def test_what_waits_and_what_was_refused_is_told() -> None:
    async with running(limits=Limits(total_buffered_bytes=1000)) as world:
        world.route()
        waiting = await world.connect()
        waiting.send("/", method="POST", body=b"x" * 600)
        await until(lambda: world.gateway.buffered_bytes >= 600)
        assert (await world.ask("/", method="POST", body=b"x" * 600)).status == 503
        found = await samples(world)
        assert found["refused_total/buffered_bytes"] == 1
        assert found["requests_total/503/answered"] == 1
        assert found["buffered_bytes"] == 600
        waiting.close()


async def test_refused_and_tried_connections_to_replicas_are_told() -> None:
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        assert (await world.ask("/")).status == 200
        found = await samples(world)
        assert found["upstream_connections_idle"] == 1
        await replica.stop()
        await until(lambda: world.gateway.upstreams.idle == 0)
        client = await world.connect()
        client.send("/")
        await until(lambda: world.gateway.upstreams.failed >= 1)
        found = await samples(world)
        assert found["upstream_connections_failed_total"] >= 1
        assert found["retries_total"] >= 1
        client.close()


@pytest.mark.parametrize("refusal", Refusal)
async def test_every_limit_has_its_counter_from_the_beginning(refusal: Refusal) -> None:
    async with running() as world:
        metrics = Metrics(FakeClock())
        metrics.add(GatewayMetrics(world.gateway))
        page = (await read(metrics)).decode()
        assert f'kfsim_gateway_refused_total{{reason="{refusal}"}} 0.0' in page
