"""What wakes the Service reconciler: the Service, its Configuration, its Route."""

from kfsim.api.knative.serving import Configuration, Route, Service
from kfsim.base.clock import Clock
from kfsim.controllers.runtime import (
    ClusterConfig,
    Controller,
    Recorder,
    watch_config,
    watch_owned,
    watch_self,
)
from kfsim.controllers.service.reconcile import ServiceReconciler
from kfsim.store import Store

NAME = "service"


def make_controller(
    *, store: Store, clock: Clock, recorder: Recorder, config: ClusterConfig
) -> Controller:
    return Controller(
        name=NAME,
        reconciler=ServiceReconciler(
            store=store,
            clock=clock,
            recorder=recorder.for_component("service-controller"),
            config=config,
        ),
        watches=(
            watch_self(Service),
            watch_owned(Configuration, owner=Service),
            watch_owned(Route, owner=Service),
            watch_config(store, config.defaults, wakes=Service),
        ),
    )
