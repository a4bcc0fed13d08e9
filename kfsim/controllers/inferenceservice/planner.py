"""Plans, remembered while nothing that goes into one has changed.

An InferenceService is reconciled for every step of its children, and its plan depends only on its
own spec and metadata, on the runtimes and on the project's maps. The latest plans are kept by the
versions of these.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from kfsim.api.compat import CURRENT, Profile
from kfsim.api.kserve.runtime_selection import Runtime, collect_runtimes
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceService, ServingRuntime
from kfsim.api.substitution import LocalMaps
from kfsim.controllers.inferenceservice.plan import Plan, make_plan
from kfsim.store import Entry, Store

_PLANS_KEPT: Final = 64
_Versions = tuple[int, ...]
_Known = tuple[InferenceService, tuple[_Versions, LocalMaps], Plan]


class Planner:
    """Makes plans from the store's runtimes and the maps as they are at each call."""

    def __init__(
        self,
        store: Store,
        maps: Callable[[], LocalMaps] = LocalMaps,
        *,
        strict: bool = False,
        profile: Profile = CURRENT,
    ) -> None:
        self._strict = strict
        self._store = store
        self._maps = maps
        self._profile = profile
        self._runtimes: dict[_Versions, tuple[Runtime, ...]] = {}
        self._plans: OrderedDict[str, _Known] = OrderedDict()

    def plan(self, isvc: InferenceService) -> Plan:
        """The plan for the object as it is now, with the runtimes as they are now."""
        namespaced = self._store.entries(ServingRuntime, isvc.metadata.namespace)
        cluster = self._store.entries(ClusterServingRuntime)
        versions = tuple(entry.resource_version for entry in (*namespaced, *cluster))
        uid = isvc.metadata.uid
        known, context = self._plans.get(uid), (versions, self._maps())
        if known is not None and known[1] == context and _same_wish(known[0], isvc):
            self._plans.move_to_end(uid)
            return known[2]
        plan = make_plan(
            isvc,
            self._collect(versions, namespaced, cluster),
            context[1],
            strict=self._strict,
            profile=self._profile,
        )
        if uid:  # an object that was never stored has none
            self._plans[uid] = (isvc, context, plan)
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
