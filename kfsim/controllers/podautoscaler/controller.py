"""Which writes wake a PodAutoscaler."""

from collections.abc import Iterable

from kfsim.api.apps import Deployment
from kfsim.api.core import Pod
from kfsim.api.knative.internal import Metric, PodAutoscaler, ServerlessService
from kfsim.base.clock import Clock
from kfsim.base.ports import RouteSink
from kfsim.controllers.podautoscaler.reconcile import PodAutoscalerReconciler
from kfsim.controllers.podautoscaler.scaling import Scaling
from kfsim.controllers.runtime import (
    ClusterConfig,
    Controller,
    Key,
    Watch,
    watch_config,
    watch_mapped,
    watch_owned,
    watch_self,
)
from kfsim.replicas.marks import REVISION_LABEL
from kfsim.store import Entry, EventType, Store

NAME = "podautoscaler"


def make_controller(
    *,
    store: Store,
    clock: Clock,
    route_sink: RouteSink,
    scaling: Scaling,
    config: ClusterConfig,
) -> Controller:
    """The PodAutoscaler controller; urgent, because a poke is a request that waits."""
    return Controller(
        name=NAME,
        reconciler=PodAutoscalerReconciler(
            store=store, clock=clock, route_sink=route_sink, scaling=scaling, config=config
        ),
        watches=(
            watch_self(PodAutoscaler),
            watch_owned(ServerlessService, owner=PodAutoscaler),
            Watch(Metric, _owner_of, only=lambda event: event.type is EventType.DELETED),
            watch_mapped(Pod, revision_of),
            Watch(Deployment, revision_of, only=lambda event: event.type is EventType.ADDED),
            watch_config(store, config.autoscaler, config.deployment, wakes=PodAutoscaler),
        ),
        urgent=True,
    )


def revision_of(entry: Entry) -> Iterable[Key]:
    """A PodAutoscaler is named as its revision."""
    revision = entry.labels.get(REVISION_LABEL)
    return (Key(entry.namespace, revision),) if revision else ()


def _owner_of(entry: Entry) -> Iterable[Key]:
    return (Key(entry.namespace, entry.owner_name),) if entry.owner_name else ()
