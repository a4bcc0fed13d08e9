"""What wakes the Revision reconciler: the Revision, its children, their Pods, ConfigMaps."""

from collections.abc import Iterable

from kfsim.api.apps import Deployment
from kfsim.api.core import Pod
from kfsim.api.knative import keys
from kfsim.api.knative.internal import PodAutoscaler
from kfsim.api.knative.serving import Revision
from kfsim.base.clock import Clock
from kfsim.controllers.revision.reconcile import RevisionReconciler
from kfsim.controllers.runtime import (
    ClusterConfig,
    Controller,
    Key,
    Recorder,
    watch_config,
    watch_mapped,
    watch_owned,
    watch_self,
)
from kfsim.replicas.choice import BackendChooser
from kfsim.store import Entry, Store

NAME = "revision"


def make_controller(
    *,
    store: Store,
    clock: Clock,
    recorder: Recorder,
    config: ClusterConfig,
    chooser: BackendChooser | None = None,
) -> Controller:
    return Controller(
        name=NAME,
        reconciler=RevisionReconciler(
            store=store,
            clock=clock,
            recorder=recorder.for_component("revision-controller"),
            config=config,
            chooser=chooser,
        ),
        watches=(
            watch_self(Revision),
            watch_owned(Deployment, owner=Revision),
            watch_owned(PodAutoscaler, owner=Revision),
            watch_mapped(Pod, _revision_of),
            watch_config(store, config.deployment, config.autoscaler, wakes=Revision),
        ),
    )


def _revision_of(entry: Entry) -> Iterable[Key]:
    revision = entry.labels.get(keys.REVISION)
    return () if revision is None else (Key(entry.namespace, revision),)
