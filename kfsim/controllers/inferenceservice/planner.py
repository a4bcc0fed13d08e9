"""Plans, remembered while nothing that goes into one has changed.

An InferenceService is reconciled for every step of its children, and its plan depends only on its
own spec and metadata and on the runtimes. The latest plans are kept by the versions of these.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from kfsim.api.compat import CURRENT, Profile
from kfsim.api.kserve import ClusterServingRuntime, InferenceService, ServingRuntime
from kfsim.api.runtime_selection import Runtime, collect_runtimes
from kfsim.controllers.inferenceservice.plan import Plan, make_plan
from kfsim.store import Entry, Store

_PLANS_KEPT: Final = 256
_Versions = tuple[int, ...]


class Planner:
    """Makes plans from the store's runtimes."""

    def __init__(self, store: Store, *, profile: Profile = CURRENT) -> None:
        self._store = store
        self._profile = profile
        self._runtimes: dict[_Versions, tuple[Runtime, ...]] = {}
        self._plans: OrderedDict[str, tuple[InferenceService, _Versions, Plan]] = OrderedDict()

    def plan(self, isvc: InferenceService) -> Plan:
        """The plan for the object as it is now, with the runtimes as they are now."""
        namespaced = self._store.entries(ServingRuntime, isvc.metadata.namespace)
        cluster = self._store.entries(ClusterServingRuntime)
        versions = tuple(entry.resource_version for entry in (*namespaced, *cluster))
        uid = isvc.metadata.uid
        known = self._plans.get(uid)
        if known is not None and known[1] == versions and _same_wish(known[0], isvc):
            self._plans.move_to_end(uid)
            return known[2]
        runtimes = self._collect(versions, namespaced, cluster)
        plan = make_plan(isvc, runtimes, profile=self._profile)
        if uid:  # an object that was never stored has none
            self._plans[uid] = (isvc, versions, plan)
            if len(self._plans) > _PLANS_KEPT:
                self._plans.popitem(last=False)
        return plan

    def _collect(
        self, versions: _Versions, namespaced: Sequence[Entry], cluster: Sequence[Entry]
    ) -> tuple[Runtime, ...]:
        found = self._runtimes.get(versions)
        if found is None:
            view = self._store.view
            found = collect_runtimes(
                [view(ServingRuntime, entry) for entry in namespaced],
                [view(ClusterServingRuntime, entry) for entry in cluster],
            )
            self._runtimes = {versions: found}
        return found


def _same_wish(one: InferenceService, other: InferenceService) -> bool:
    """Whether all that users write is the same; status and versions are not."""
    return (
        one.metadata.generation == other.metadata.generation
        and one.metadata.annotations == other.metadata.annotations
        and one.metadata.labels == other.metadata.labels
        and one.spec == other.spec
    )
