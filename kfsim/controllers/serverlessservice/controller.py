"""Which writes wake a ServerlessService."""

from collections.abc import Callable, Iterable

from kfsim.api.apps import Deployment
from kfsim.api.core import Endpoints, Pod, Service
from kfsim.api.knative.internal import ServerlessService
from kfsim.base.clock import Clock
from kfsim.controllers.runtime import Controller, Key, Watch, watch_mapped, watch_owned, watch_self
from kfsim.controllers.serverlessservice.reconcile import ServerlessServiceReconciler
from kfsim.replicas.backend import ReplicaBackend
from kfsim.replicas.marks import REVISION_LABEL
from kfsim.store import Entry, EventType, Store

NAME = "serverlessservice"


def make_controller(
    *, store: Store, clock: Clock, backend: ReplicaBackend, gateway_port: Callable[[], int]
) -> Controller:
    """The ServerlessService controller; urgent, because a Pod that ended must leave the routes."""
    reconciler = ServerlessServiceReconciler(
        store=store, clock=clock, backend=backend, gateway_port=gateway_port
    )
    return Controller(
        name=NAME,
        reconciler=reconciler,
        watches=(
            watch_self(ServerlessService),
            watch_owned(Service, owner=ServerlessService),
            watch_owned(Endpoints, owner=ServerlessService),
            watch_mapped(Pod, revision_of),
            Watch(Deployment, revision_of, only=lambda event: event.type is EventType.ADDED),
        ),
        urgent=True,
    )


def revision_of(entry: Entry) -> Iterable[Key]:
    """A ServerlessService is named as its revision."""
    revision = entry.labels.get(REVISION_LABEL)
    return (Key(entry.namespace, revision),) if revision else ()
