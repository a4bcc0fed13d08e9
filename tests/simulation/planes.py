"""A simulated data plane with one service, for the tests of this package."""

from collections.abc import Sequence

from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import (
    Endpoint,
    HostRoute,
    ReplicaKey,
    RevisionKey,
    RevisionTarget,
    RoutingTable,
    ServiceMode,
    WeightedRevision,
)
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind
from kfsim.simulation.arrivals import Phase, even_arrivals
from kfsim.simulation.dataplane import SimulatedDataPlane
from kfsim.simulation.durations import Duration, constant
from kfsim.simulation.loop import running_loop
from kfsim.simulation.traffic import Traffic

SERVICE = ("default", "iris")
REVISION = RevisionKey("default", "iris-00001")
CANARY = RevisionKey("default", "iris-00002")


def make_target(
    *pods: str,
    revision: RevisionKey = REVISION,
    mode: ServiceMode = ServiceMode.PROXY,
    container_concurrency: int = 1,
    timeout: float = 300.0,
) -> RevisionTarget:
    endpoints = tuple(Endpoint(ReplicaKey("default", pod), "10.0.0.1", 8080) for pod in pods)
    return RevisionTarget(
        revision, mode, endpoints, container_concurrency=container_concurrency, timeout=timeout
    )


def make_table(epoch: int, *targets: RevisionTarget, canary_percent: int = 0) -> RoutingTable:
    split = (
        WeightedRevision(REVISION, 100 - canary_percent),
        WeightedRevision(CANARY, canary_percent),
    )
    route = HostRoute(*SERVICE, split=split)
    revisions = {target.revision: target for target in targets}
    return RoutingTable(epoch, {"iris.default": route}, {SERVICE: route}, revisions)


class PlaneWorld:
    """A plane on the running virtual loop, and its routing table by pieces."""

    def __init__(self) -> None:
        self.loop = running_loop()
        self.plane = SimulatedDataPlane(loop=self.loop, entropy=SeededEntropy(1))
        self._epoch = 0

    def publish(self, *targets: RevisionTarget, canary_percent: int = 0) -> None:
        self._epoch += 1
        self.plane.publish(make_table(self._epoch, *targets, canary_percent=canary_percent))

    def send(self, phases: Sequence[Phase], duration: float | Duration = 0.1) -> Traffic:
        """Start traffic now."""
        traffic = Traffic(
            loop=self.loop,
            plane=self.plane,
            service=SERVICE,
            arrivals=even_arrivals(phases),
            duration=constant(duration) if isinstance(duration, float | int) else duration,
        )
        traffic.start()
        return traffic

    def tell(self, pod: str, kind: ReplicaEventKind, container: str = "kserve-container") -> None:
        """An event of the backend."""
        self.plane.observe(ReplicaEvent(ReplicaKey("default", pod), "uid", kind, container))
