"""What wakes the Route reconciler: the Route, its children, and what its traffic refers to."""

from collections.abc import Callable

from kfsim.api import core
from kfsim.api.knative.internal import Ingress
from kfsim.api.knative.serving import Configuration, Revision, Route
from kfsim.base.clock import Clock
from kfsim.controllers.route.reconcile import RouteReconciler
from kfsim.controllers.runtime import (
    ClusterConfig,
    Controller,
    Recorder,
    Tracker,
    watch_config,
    watch_owned,
    watch_self,
)
from kfsim.store import Store

NAME = "route"


def make_controller(
    *,
    store: Store,
    clock: Clock,
    recorder: Recorder,
    config: ClusterConfig,
    gateway_port: Callable[[], int],
) -> Controller:
    """`gateway_port` is asked at each reconcile, as the gateway may bind after the start."""
    tracker = Tracker()
    return Controller(
        name=NAME,
        reconciler=RouteReconciler(
            store=store,
            clock=clock,
            recorder=recorder.for_component("route-controller"),
            tracker=tracker,
            config=config,
            gateway_port=gateway_port,
        ),
        watches=(
            watch_self(Route),
            watch_owned(Ingress, owner=Route),
            watch_owned(core.Service, owner=Route),
            tracker.watch(Configuration),
            tracker.watch(Revision),
            watch_config(store, config.domain, config.network, wakes=Route),
        ),
    )
