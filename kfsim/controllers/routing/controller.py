"""What changes the routing table. All writes of one slice of work make one table."""

from kfsim.api.core import Endpoints
from kfsim.api.istio import VirtualService
from kfsim.api.knative.internal import Ingress, ServerlessService
from kfsim.api.knative.serving import Revision
from kfsim.base.clock import Clock
from kfsim.base.ports import RouteSink
from kfsim.controllers.routing.reconcile import RoutingReconciler
from kfsim.controllers.runtime import Controller, Watch, watch_mapped
from kfsim.store import EventType, Store, StoreEvent

NAME = "routing"


def make_controller(*, store: Store, clock: Clock, route_sink: RouteSink) -> Controller:
    reconciler = RoutingReconciler(store=store, clock=clock, route_sink=route_sink)
    return Controller(
        name=NAME,
        reconciler=reconciler,
        watches=(
            watch_mapped(Ingress, reconciler.note_ingress),
            watch_mapped(VirtualService, reconciler.note_virtual_service),
            watch_mapped(ServerlessService, reconciler.note_revision),
            watch_mapped(Endpoints, reconciler.note_endpoints),
            Watch(Revision, reconciler.note_revision, only=_comes_or_goes),
        ),
        batched=True,
    )


def _comes_or_goes(event: StoreEvent) -> bool:
    """A Revision's spec never changes, and its status is not routed by."""
    return event.type is not EventType.MODIFIED
