from kfsim.api.knative.internal import PodAutoscaler
from kfsim.api.meta import ObjectMeta
from kfsim.autoscaler.config import AutoscalerConfig
from kfsim.autoscaler.resolution import resolve_decider_spec
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import RevisionKey, Stat
from kfsim.controllers.podautoscaler import Scaling
from kfsim.simulation.decisions import DecisionWatch
from kfsim.simulation.trace import Trace
from kfsim.store import Store
from kfsim.testing.clock import FakeClock
from kfsim.testing.ports import ScriptedStatSource

REVISION = RevisionKey("default", "iris-00001")


def test_only_decisions_that_differ_become_lines() -> None:
    clock, source = FakeClock(), ScriptedStatSource()
    store = Store(clock=clock, entropy=SeededEntropy(1))
    store.create(PodAutoscaler(metadata=ObjectMeta(namespace="default", name="iris-00001")))
    scaling = Scaling(clock=clock, stat_source=source, wake=lambda *_: None)
    spec = resolve_decider_spec(
        AutoscalerConfig.parse({}), {}, container_concurrency=0, reachable=True
    )
    scaling.ensure(REVISION, spec, ready_pods=1)
    trace = Trace(clock)
    watch = DecisionWatch(trace=trace, store=store, scaling=scaling)
    watch.look()
    for concurrency in (1.0, 1.0, 1.0, 900.0, 0.0):
        clock.advance(2)
        source.queued.append(Stat(REVISION, "pod-1", concurrency))
        scaling.collect(clock.now())
        list(scaling.decide(clock.now()))
        watch.look()
        watch.look()
    # 1, 1 and 900 within six seconds are 150 on average, and a pod takes 70 of its 100.
    assert [line.text for line in trace.lines] == [
        "default/iris-00001 at 2.000 wants 1 burst is short",
        "default/iris-00001 at 8.000 wants 3 in panic burst is short",
    ]
