"""docs/reference/metrics.md: what /metrics tells, read off the sources when they have something."""

import asyncio
from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from docs.generate.markdown import code, page, table
from kfsim.autoscaler.decider import ScaleResult
from kfsim.autoscaler.multiscaler import DeciderStatus, RevisionScale
from kfsim.autoscaler.spec import DeciderSpec, ScalingMetric
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers.pod.milestones import Milestone, Milestones
from kfsim.daemon.cold_metrics import ColdStartMetrics
from kfsim.daemon.gateway_metrics import GatewayMetrics
from kfsim.daemon.gpus import GpuReport
from kfsim.daemon.metrics import MetricSource
from kfsim.daemon.revision_metrics import RevisionMetrics
from kfsim.dataplane import Gateway
from kfsim.dataplane.cold_starts import ColdStart
from kfsim.dataplane.counters import Outcome
from kfsim.dataplane.durations import RequestDurations
from kfsim.dataplane.refusals import Refusal
from kfsim.flow import FlowCore
from kfsim.replicas.devices import FixedInventory, GpuDevice
from kfsim.store import Store

_KEY = RevisionKey("default", "iris-predictor-00001")


def render_metrics() -> str:
    """The page."""
    return page(
        "Metrics",
        "At `/metrics` of the API's address, in Prometheus' text format or OpenMetrics.",
        *_section("Revisions", "As Knative's queue-proxy, activator and autoscaler.", _revisions()),
        *_section("Cold starts", "Answers from zero replicas.", _cold_starts()),
        *_section(
            "The gateway",
            "`outcome` is " + _words(each.replace(" ", "_") for each in Outcome) + " or "
            "`unreadable` (no request could be made of it); `reason` is " + _words(Refusal) + ".",
            _gateway(),
        ),
        *_section("GPUs", "As NVIDIA's dcgm-exporter on Kubernetes.", _gpus()),
    )


def _words(each: Iterable[str]) -> str:
    return ", ".join(map(code, each))


def _section(title: str, text: str, source: MetricSource) -> Iterator[str]:
    yield f"## {title}"
    yield text
    yield table(["metric", "type", "labels", "meaning"], _rows(source))


def _rows(source: MetricSource) -> Iterator[list[str]]:
    asyncio.run(source.prepare())
    families: dict[str, Metric] = {}
    labels: dict[str, dict[str, None]] = {}
    for family in source.collect():
        families.setdefault(family.name, family)
        of = labels.setdefault(family.name, {})
        for sample in family.samples:
            of.update(dict.fromkeys(sample.labels))
    for name, family in families.items():
        shown = name + "_total" if family.type == "counter" else name
        known = [each for each in labels[name] if each != "le"]
        yield [code(shown), family.type, _words(known), family.documentation]


def _revisions() -> MetricSource:
    latest = ScaleResult(
        decided_at=1.0,
        scale_valid=True,
        ready_pods=1,
        panic_mode=False,
        panic_since=None,
        max_panic_pods=0,
        desired_pod_count=1,
        stable_value=0.5,
        panic_value=1.5,
    )
    status = DeciderStatus(_KEY, 1, 10, 2, latest)
    durations = RequestDurations()
    durations.observe(_KEY, 200, 0.1)
    return RevisionMetrics(
        Store(clock=RealClock(), entropy=SeededEntropy(1)),
        clock=RealClock(),
        scales=lambda: [
            (RevisionScale(status, DeciderSpec(metric=metric), 1), 1) for metric in ScalingMetric
        ],
        durations=durations,
        load=lambda revision: (1, 0),
        through_activator=lambda revision: 0,
    )


def _cold_starts() -> MetricSource:
    started = Milestones({Milestone.BEGUN: 1.0, Milestone.SERVING: 2.0})
    source = ColdStartMetrics(milestones=lambda replica: started)
    source.observe(_KEY, ColdStart(ReplicaKey("default", "iris"), 0.0, 3.0))
    return source


def _gateway() -> MetricSource:
    entropy = SeededEntropy(1)
    gateway = Gateway(clock=RealClock(), entropy=entropy, flow=FlowCore(entropy=entropy))
    gateway.counters.end(Outcome.PROXIED, 200)
    return GatewayMetrics(gateway)


def _gpus() -> MetricSource:
    device = GpuDevice("GPU-1", 0, "Tesla T4", 2**30)
    return GpuReport(inventory=FixedInventory((device,)), holdings=lambda: ())
