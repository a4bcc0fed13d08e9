"""What wakes the garbage collector: a Configuration, its Revisions, config-gc."""

from kfsim.api.knative.serving import Configuration, Revision
from kfsim.base.clock import Clock
from kfsim.controllers.gc.reconcile import GarbageCollector
from kfsim.controllers.runtime import (
    ClusterConfig,
    Controller,
    watch_config,
    watch_owned,
    watch_self,
)
from kfsim.store import Store

NAME = "gc"


def make_controller(*, store: Store, clock: Clock, config: ClusterConfig) -> Controller:
    return Controller(
        name=NAME,
        reconciler=GarbageCollector(store=store, clock=clock, config=config.gc),
        watches=(
            watch_self(Configuration),
            watch_owned(Revision, owner=Configuration),
            watch_config(store, config.gc, wakes=Configuration),
        ),
    )
