"""What wakes the labeler: Routes, and the Configurations and Revisions that they name."""

from kfsim.api.knative.serving import Configuration, Revision, Route
from kfsim.base.clock import Clock
from kfsim.controllers.labeler.reconcile import LabelerReconciler
from kfsim.controllers.runtime import Controller, Key, Tracker, Watch
from kfsim.store import EventType, Store, StoreEvent

NAME = "labeler"


def make_controller(*, store: Store, clock: Clock) -> Controller:
    tracker = Tracker()
    return Controller(
        name=NAME,
        reconciler=LabelerReconciler(store=store, clock=clock, tracker=tracker),
        watches=(
            Watch(Route, lambda entry: (Key(entry.namespace, entry.name),), only=_leaves_something),
            tracker.watch(Configuration),
            tracker.watch(Revision),
        ),
    )


def _leaves_something(event: StoreEvent) -> bool:
    """A Service's Route goes together with all that it was written to."""
    return event.type is not EventType.DELETED or not event.entry.owner_uid
