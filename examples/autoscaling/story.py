"""Five minutes of one service in virtual time: what the autoscaler saw, and what it decided.

    python examples/autoscaling/story.py

Nothing is started: the daemon's own controllers, autoscaler and request flow run on a clock that
jumps, with replicas that exist in time only. docs/autoscaling.md reads the table line by line.
"""

import asyncio
from pathlib import Path

import yaml

from kfsim.api.apps import Deployment
from kfsim.api.kserve.keys import KFSIM_SOURCE
from kfsim.api.kserve.types import InferenceService
from kfsim.autoscaler.decider import ScaleResult
from kfsim.base.types import RevisionKey
from kfsim.cluster import Cluster
from kfsim.simulation import SimulatedCluster, simulate
from kfsim.simulation.arrivals import steady
from kfsim.simulation.world import build_cluster

MANIFEST = Path(__file__).parent / "manifests" / "iris.yaml"
SERVICE = ("default", "iris")
REVISION = RevisionKey("default", "iris-predictor-00001")
REQUEST_SECONDS = 0.5


class Story:
    """Sends the traffic and writes a line whenever the picture has changed."""

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._shown: tuple[object, ...] = ()

    def build(self, world: SimulatedCluster) -> Cluster:
        self._cluster = build_cluster(world)
        return self._cluster

    async def run(self, world: SimulatedCluster) -> None:
        """Calm, a burst, silence, one more request."""
        manifest = yaml.safe_load(MANIFEST.read_text())
        manifest["metadata"]["annotations"] = {KFSIM_SOURCE: str(MANIFEST)}
        world.apply(InferenceService.model_validate(manifest))
        watching = asyncio.get_running_loop()
        await self._watch(world, watching.time() + 20)
        self._tell("2 requests a second")
        world.send(SERVICE, steady(2, 60), REQUEST_SECONDS)
        await self._watch(world, watching.time() + 60)
        self._tell("60 requests a second for 30 seconds")
        burst = world.send(SERVICE, steady(60, 30), REQUEST_SECONDS)
        await self._watch(world, watching.time() + 30)
        self._tell(
            f"silence; {burst.outcomes.answered} of the burst are answered, the rest in flight"
        )
        await self._watch(world, watching.time() + 200)
        self._tell("one request")
        wake = world.send(SERVICE, steady(1, 1), REQUEST_SECONDS)
        await self._watch(world, watching.time() + 5)
        self._tell(f"it was answered after {wake.outcomes.latencies[0]:.1f} s")

    async def _watch(self, world: SimulatedCluster, end: float) -> None:
        while world.clock.now() < end:
            await asyncio.sleep(2)
            self._look(world)

    def _look(self, world: SimulatedCluster) -> None:
        assert self._cluster is not None
        decisions = self._cluster.scaling.explain(REVISION).decisions
        if not decisions:
            return
        latest = decisions[-1]
        replicas = world.store.get(
            Deployment, f"{REVISION.name}-deployment", "default"
        ).spec.replicas
        target = world.plane.table.revisions[REVISION]
        picture = (
            latest.desired_pod_count,
            latest.panic_mode,
            replicas,
            len(target.endpoints),
            target.mode,
        )
        if picture != self._shown:
            self._shown = picture
            print(_line(world.clock.now(), latest, replicas, len(target.endpoints), target.mode))

    def _tell(self, text: str) -> None:
        print(f"       -- {text}")


HEADER = "  time  stable   panic  wants  mode    replicas  ready  path"


def _line(now: float, result: ScaleResult, replicas: int, ready: int, mode: str) -> str:
    state = "panic" if result.panic_mode else "stable"
    return (
        f"{now:5.0f}s {result.stable_value:7.2f} {result.panic_value:7.2f} "
        f"{result.desired_pod_count:6d}  {state:6s} {replicas:9d} {ready:6d}  {mode}"
    )


def main() -> None:
    story = Story()
    print(HEADER)
    simulate(story.run, seed=1, build=story.build)


if __name__ == "__main__":
    main()
