"""A cluster in virtual time, and what `kfsim why` prints of a service in it."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from kfsim.api.core import ConfigMap, Event
from kfsim.api.kserve.types import InferenceService
from kfsim.api.scheme import kind_of
from kfsim.base.types import RevisionKey
from kfsim.cli.commands.why import render, render_decisions
from kfsim.cli.output import table_cells
from kfsim.cluster import Cluster
from kfsim.daemon.explanations import explain_service
from kfsim.daemon.scale_view import ScaleView
from kfsim.dataplane.cold_starts import ColdStarts
from kfsim.kubeapi.tables import TableWriter
from kfsim.simulation import ReplicaScript, SimulatedCluster, simulate
from kfsim.simulation.world import build_cluster

IRIS = ("default", "iris")
SKLEARN = {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "file:///models/iris"}}
AUTOSCALING = "autoscaling.knative.dev/"


class Complaint:
    """One user's cluster."""

    def __init__(self, world: SimulatedCluster, cluster: Cluster) -> None:
        self.world = world
        self._cluster = cluster

    def apply(
        self,
        predictor: dict[str, Any],
        *,
        annotations: dict[str, str] | None = None,
        **spec: Any,
    ) -> None:
        """The InferenceService default/iris."""
        document = {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": "iris", "namespace": "default", "annotations": annotations or {}},
            "spec": {"predictor": predictor, **spec},
        }
        self.world.apply(InferenceService.model_validate(document))

    def configure(self, name: str, **data: str) -> None:
        """A ConfigMap of the system."""
        document = {
            "metadata": {"name": name, "namespace": "knative-serving"},
            "data": {key.replace("_", "-"): value for key, value in data.items()},
        }
        self.world.apply(ConfigMap.model_validate(document))

    @property
    def ready(self) -> bool:
        status = self.world.store.get(InferenceService, "iris", "default").status
        return any(each.type == "Ready" and each.status == "True" for each in status.conditions)

    async def until_ready(self, within: float = 60.0) -> None:
        await self.world.until(lambda: self.ready, what="Ready", within=within)

    def table(self) -> list[dict[str, str]]:
        """What `get isvc -o wide` shows: heading to cell, by service."""
        resource, version = kind_of(InferenceService), InferenceService.API_VERSION
        writer = TableWriter(resource, version, wall=self.world.clock.wall(), include="None")
        entries = self.world.store.entries(InferenceService)
        table = orjson.loads(b"".join(writer.table(list(entries), 1)))
        header, rows = table_cells(table, wide=True, namespaces=False)
        return [dict(zip(header, row, strict=True)) for row in rows]

    def events(self) -> list[str]:
        """Reason and message of all, as `kfsim events` has them."""
        return [f"{each.reason}: {each.message}" for each in self.world.store.list(Event)]

    def why(self) -> str:
        """What the command prints."""
        return "\n".join(render(self._explain()))

    def decisions(self) -> str:
        """What it prints with --decisions."""
        return "\n".join(render_decisions(self._explain()))

    def _explain(self) -> dict[str, Any]:
        scaling = self._cluster.scaling
        view = ScaleView(
            clock=self.world.clock,
            scaling=scaling,
            cold_starts=ColdStarts(),
            milestones=self._cluster.milestones,
            load=lambda key: (self.world.plane.flow.running(key), self.world.plane.flow.held(key)),
        )
        answer = explain_service(self.world.store, scaling, "default", "iris")
        for revision in answer["revisions"]:
            revision |= view.revision(RevisionKey("default", revision["name"]))
        return answer


def play(
    story: Callable[[Complaint], Awaitable[None]], *, script: ReplicaScript | None = None
) -> None:
    """Run one complaint's story."""
    built: list[Cluster] = []

    def build(world: SimulatedCluster) -> Cluster:
        built.append(build_cluster(world))
        return built[0]

    async def tell(world: SimulatedCluster) -> None:
        await story(Complaint(world, built[0]))

    simulate(tell, script=script, build=build)
