"""What wakes the Configuration reconciler: the Configuration and its Revisions."""

from kfsim.api.knative.serving import Configuration, Revision
from kfsim.base.clock import Clock
from kfsim.controllers.configuration.reconcile import ConfigurationReconciler
from kfsim.controllers.runtime import (
    ClusterConfig,
    Controller,
    Recorder,
    watch_config,
    watch_owned,
    watch_self,
)
from kfsim.store import Store

NAME = "configuration"


def make_controller(
    *, store: Store, clock: Clock, recorder: Recorder, config: ClusterConfig
) -> Controller:
    return Controller(
        name=NAME,
        reconciler=ConfigurationReconciler(
            store=store,
            clock=clock,
            recorder=recorder.for_component("configuration-controller"),
            config=config,
        ),
        watches=(
            watch_self(Configuration),
            watch_owned(Revision, owner=Configuration),
            watch_config(store, config.defaults, wakes=Configuration),
        ),
    )
