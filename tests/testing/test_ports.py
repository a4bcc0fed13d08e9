import pytest

from kfsim.base.types import (
    ReplicaKey,
    RevisionKey,
    RevisionTarget,
    RoutingTable,
    ServiceMode,
    Stat,
)
from kfsim.testing.ports import FakeDrainGate, RecordingRouteSink, ScriptedStatSource

REVISION = RevisionKey("default", "iris-predictor-00001")
REPLICA = ReplicaKey("default", "iris-predictor-00001-deployment-x")


@pytest.mark.parametrize("mode", ServiceMode)
def test_route_sink_answers_from_the_last_table(mode: ServiceMode) -> None:
    sink = RecordingRouteSink()
    assert sink.activator_in_path(REVISION) is False
    sink.publish(RoutingTable(epoch=1))
    sink.publish(RoutingTable(epoch=2, revisions={REVISION: RevisionTarget(REVISION, mode)}))
    assert sink.table.epoch == 2
    assert sink.activator_in_path(REVISION) is (mode is ServiceMode.PROXY)
    sink.activator_answers[REVISION] = mode is ServiceMode.SERVE
    assert sink.activator_in_path(REVISION) is (mode is ServiceMode.SERVE)


def test_stat_source_gives_queued_stats_once() -> None:
    source = ScriptedStatSource()
    stat = Stat(REVISION, "pod", 1.5)
    source.queued.append(stat)
    assert (source.collect(1.0), source.collect(2.0)) == ((stat,), ())
    assert source.collected_at == [1.0, 2.0]


def test_stat_source_pokes_all_callbacks() -> None:
    source = ScriptedStatSource()
    heard: list[tuple[RevisionKey, float]] = []
    source.on_poke(lambda key, stat: heard.append((key, stat.average_concurrent_requests)))
    source.poke(REVISION, concurrency=3)
    assert heard == [(REVISION, 3)]


def test_drain_gate_holds_until_finished() -> None:
    gate = FakeDrainGate()
    done: list[str] = []
    gate.begin(REPLICA, grace=30.0, done=lambda: done.append("done"))
    assert (gate.begun[0].grace, done) == (30.0, [])
    gate.finish(REPLICA)
    assert (done, gate.pending) == (["done"], {})
