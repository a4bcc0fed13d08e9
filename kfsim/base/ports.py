"""The three live ports between controllers and data plane, injected by `cluster`.

They carry plain data, so the data plane could move to a process of its own. What is slow
(objects, conditions) travels through the store instead.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from kfsim.base.types import ReplicaKey, RevisionKey, RoutingTable, Stat


class RouteSink(Protocol):
    """Receives routing tables."""

    def publish(self, table: RoutingTable) -> None:
        """Swap the routes at once: requests that start after this call see only `table`."""
        ...

    def activator_in_path(self, revision: RevisionKey) -> bool:
        """Whether requests for the revision pass the activator in the table in force.

        This is the answer that Knative gets by probing the revision's service for the activator
        (pkg/reconciler/autoscaling/kpa/scaler.go, activatorProbe).
        """
        ...


class StatSource(Protocol):
    """Gives the request statistics of all reporters."""

    def collect(self, now: float) -> Sequence[Stat]:
        """One Stat per reporter with traffic or a ready replica, since the last collect."""
        ...

    def on_poke(self, callback: Callable[[RevisionKey, Stat], None]) -> None:
        """Register who is told when the activator holds a request for a revision without capacity.

        Called on the loop, in the tick in which the first such request arrives; the Stat is the
        activator's, with the request's concurrency.
        """
        ...


class DrainGate(Protocol):
    """Empties a replica before it is stopped."""

    def begin(self, replica: ReplicaKey, *, grace: float, done: Callable[[], None]) -> None:
        """Send the replica nothing new; call `done` once, at zero requests in flight or after
        `grace` seconds. An unknown replica is done at once (still asynchronously)."""
        ...
