"""What wakes the Revision reconciler: the Revision, its children, their Pods, ConfigMaps."""

from collections.abc import Iterable

from kfsim.api import knative_keys as keys
from kfsim.api.apps import Deployment
from kfsim.api.core import ConfigMap, Pod
from kfsim.api.knative_internal import PodAutoscaler
from kfsim.api.knative_serving import Revision
from kfsim.base.clock import Clock
from kfsim.controllers.revision.config import (
    CONFIG_AUTOSCALER,
    CONFIG_DEPLOYMENT,
    SYSTEM_NAMESPACE,
)
from kfsim.controllers.revision.reconcile import RevisionReconciler
from kfsim.controllers.runtime import (
    Controller,
    Key,
    Recorder,
    watch_mapped,
    watch_owned,
    watch_self,
)
from kfsim.replicas.choice import BackendChooser
from kfsim.store import Entry, Store

NAME = "revision"


def make_controller(
    *, store: Store, clock: Clock, recorder: Recorder, chooser: BackendChooser | None = None
) -> Controller:
    def all_revisions(entry: Entry) -> Iterable[Key]:
        configures = entry.name in (CONFIG_DEPLOYMENT, CONFIG_AUTOSCALER)
        if entry.namespace != SYSTEM_NAMESPACE or not configures:
            return ()
        return tuple(Key(each.namespace, each.name) for each in store.entries(Revision))

    return Controller(
        name=NAME,
        reconciler=RevisionReconciler(
            store=store,
            clock=clock,
            recorder=recorder.for_component("revision-controller"),
            chooser=chooser,
        ),
        watches=(
            watch_self(Revision),
            watch_owned(Deployment, owner=Revision),
            watch_owned(PodAutoscaler, owner=Revision),
            watch_mapped(Pod, _revision_of),
            watch_mapped(ConfigMap, all_revisions),
        ),
    )


def _revision_of(entry: Entry) -> Iterable[Key]:
    revision = entry.labels.get(keys.REVISION)
    return () if revision is None else (Key(entry.namespace, revision),)
