"""The autoscaler's decisions as lines of a trace: those that differ from the one before."""

from kfsim.api.knative.internal import PodAutoscaler
from kfsim.autoscaler.decider import ScaleResult
from kfsim.base.types import RevisionKey
from kfsim.controllers.podautoscaler import Scaling
from kfsim.simulation.trace import Trace
from kfsim.store import Store


class DecisionWatch:
    """Looks at what every PodAutoscaler's decider last decided; `look` is called once a second."""

    def __init__(self, *, trace: Trace, store: Store, scaling: Scaling) -> None:
        self._trace = trace
        self._store = store
        self._scaling = scaling
        self._seen: dict[RevisionKey, tuple[float, str]] = {}

    def look(self) -> None:
        """Note the decisions since the last look."""
        for entry in self._store.entries(PodAutoscaler):
            revision = RevisionKey(entry.namespace, entry.name)
            since, outcome = self._seen.get(revision, (-1.0, ""))
            for result in self._scaling.explain(revision).decisions:
                if result.decided_at <= since:
                    continue
                since, before, outcome = result.decided_at, outcome, _describe(result)
                if outcome != before:
                    self._trace.note("decision", f"{revision} at {since:.3f} {outcome}")
            self._seen[revision] = (since, outcome)


def _describe(result: ScaleResult) -> str:
    if not result.scale_valid:
        return "no data"
    panic = " in panic" if result.panic_mode else ""
    burst = " burst is short" if result.excess_burst_capacity < 0 else ""
    return f"wants {result.desired_pod_count}{panic}{burst}"
