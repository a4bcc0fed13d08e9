"""What `/kfsim/v1/scale` answers: when each service will be at zero, and what its latest answer
from zero took.

The predictor's latest ready revision speaks for a service.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from kfsim.api.kserve.types import InferenceService
from kfsim.base.clock import Clock
from kfsim.base.turns import in_turns
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers.pod.milestones import Milestone, Milestones
from kfsim.controllers.podautoscaler import Scaling
from kfsim.dataplane.cold_starts import ColdStart, ColdStarts
from kfsim.store import Store

_PREDICTOR = "predictor"
# What the time up to a milestone went into; `prepare` pulls the image, where there is one.
_PHASES = {
    Milestone.BEGUN: "queue",
    Milestone.FETCHING: "prepare",
    Milestone.FETCHED: "download",
    Milestone.STARTED: "start",
    Milestone.SERVING: "load",
}


class ScaleView:
    """Joins the autoscaler, the gateway and the kubelet."""

    def __init__(
        self,
        *,
        clock: Clock,
        scaling: Scaling,
        cold_starts: ColdStarts,
        milestones: Callable[[ReplicaKey], Milestones | None],
        load: Callable[[RevisionKey], tuple[int, int]],
    ) -> None:
        """`load`: a revision's requests at replicas, and those that wait for one."""
        self._clock = clock
        self._scaling = scaling
        self._cold_starts = cold_starts
        self._milestones = milestones
        self._load = load

    async def services(self, store: Store) -> list[dict[str, Any]]:
        """One row for each service that has been ready."""
        rows: list[dict[str, Any]] = []
        async for entry in in_turns(store.entries(InferenceService), self._clock):
            isvc = store.view(InferenceService, entry)
            component = isvc.status.components.get(_PREDICTOR)
            revision = component.latest_ready_revision if component is not None else None
            if not revision:
                continue
            namespace = isvc.metadata.namespace
            row = self.revision(RevisionKey(namespace, revision))
            rows.append({"namespace": namespace, "name": isvc.metadata.name, **row})
        return rows

    def revision(self, key: RevisionKey) -> dict[str, Any]:
        """`zero` is empty before the first decision; `coldStart` is None without one."""
        outlook = self._scaling.outlook(key)
        cold = self._cold_starts.latest(key)
        milestones = self._milestones(cold.replica) if cold is not None else None
        running, held = self._load(key)
        return {
            "revision": key.name,
            "zero": outlook.plan if outlook is not None else "",
            "zeroInSeconds": outlook.seconds if outlook is not None else None,
            "lastRequestSeconds": outlook.idle if outlook is not None else None,
            "requestsRunning": running,
            "requestsHeld": held,
            "coldStart": describe_cold_start(cold, milestones) if cold is not None else None,
        }


def describe_cold_start(cold: ColdStart, milestones: Milestones | None) -> dict[str, Any]:
    """Seconds in all and by phase. A phase that began before the request came counts from there:
    a service may have been starting when it was asked."""
    return {
        "replica": cold.replica.name,
        "answeredAt": cold.answered,
        "seconds": cold.answered - cold.arrived,
        "phases": split_phases(cold, milestones),
    }


def split_phases(cold: ColdStart, milestones: Milestones | None) -> dict[str, float]:
    """Seconds by phase; nothing for a replica that is gone."""
    if milestones is None:
        return {}
    times = milestones.times
    known = [(each, times[each]) for each in _PHASES if each in times]
    moments: list[tuple[str, float]] = [("", cold.arrived)]
    moments += [(_PHASES[each], min(max(at, cold.arrived), cold.answered)) for each, at in known]
    moments.append(("answer", cold.answered))
    return {phase: max(0.0, at - before) for (_, before), (phase, at) in pairwise(moments)}
