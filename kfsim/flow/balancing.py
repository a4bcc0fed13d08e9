"""Which replica gets a request (knative pkg/activator/net/lb_policy.go).

`LeastOfTwo` serves revisions without containerConcurrency, and stands for the ingress in Serve
mode, where nobody knows the limit. The two slot balancers are the activator's: they hand out at
most containerConcurrency slots per replica, the first free one (cc <= 3) or round robin. Free
replicas are bits of an integer, so a pick does not scan.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from kfsim.base.entropy import Entropy
from kfsim.flow.queue_proxy import QueueProxy
from kfsim.flow.ticket import Ticket

_FIRST_AVAILABLE_UP_TO = 3


class Balancer(ABC):
    """Picks among the current targets; a taken replica is given back with `release`."""

    @abstractmethod
    def set_targets(self, targets: Sequence[QueueProxy[Ticket]]) -> None:
        """Replace the targets; slots taken before stay taken."""
        ...

    @abstractmethod
    def take(self) -> QueueProxy[Ticket] | None:
        """A replica with a free slot, None when there is none."""
        ...

    @abstractmethod
    def release(self, replica: QueueProxy[Ticket]) -> None:
        """Give back a slot that `take` handed out."""
        ...


class LeastOfTwo(Balancer):
    """The less loaded of two replicas picked at random; knows no limit."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._targets: tuple[QueueProxy[Ticket], ...] = ()

    def set_targets(self, targets: Sequence[QueueProxy[Ticket]]) -> None:
        self._targets = tuple(targets)

    def take(self) -> QueueProxy[Ticket] | None:
        targets = self._targets
        count = len(targets)
        if count == 1:
            return targets[0]
        if count == 0:
            return None
        first, second = 0, 1
        if count > 2:
            first = self._entropy.below(count)
            second = self._entropy.below(count - 1)
            second += second >= first  # any but the first
        pick, other = targets[first], targets[second]
        if pick.in_flight > other.in_flight or (
            pick.in_flight == other.in_flight and self._entropy.below(2)
        ):
            return other
        return pick

    def release(self, replica: QueueProxy[Ticket]) -> None:
        """There are no slots to give back."""


class _SlotBalancer(Balancer):
    """Keeps one bit per target that has a free slot."""

    def __init__(self, container_concurrency: int) -> None:
        self._limit = container_concurrency
        self._targets: tuple[QueueProxy[Ticket], ...] = ()
        self._free = 0

    def set_targets(self, targets: Sequence[QueueProxy[Ticket]]) -> None:
        for replica in self._targets:
            replica.index = -1
        self._targets = tuple(targets)
        self._free = 0
        for index, replica in enumerate(self._targets):
            replica.index = index
            if replica.activator_slots < self._limit:
                self._free |= 1 << index

    def take(self) -> QueueProxy[Ticket] | None:
        free = self._free
        if not free:
            return None
        replica = self._targets[self._pick(free)]
        replica.activator_slots += 1
        if replica.activator_slots >= self._limit:
            self._free &= ~(1 << replica.index)
        return replica

    def release(self, replica: QueueProxy[Ticket]) -> None:
        replica.activator_slots -= 1
        if replica.index >= 0 and replica.activator_slots < self._limit:
            self._free |= 1 << replica.index

    @abstractmethod
    def _pick(self, free: int) -> int:
        """The index of one of the set bits."""


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


class FirstAvailable(_SlotBalancer):
    """The first replica, in endpoint order, that has a free slot."""

    def _pick(self, free: int) -> int:
        return (free & -free).bit_length() - 1


class RoundRobin(_SlotBalancer):
    """The next replica with a free slot after the one picked last."""

    def __init__(self, container_concurrency: int) -> None:
        super().__init__(container_concurrency)
        self._next = 0

    def _pick(self, free: int) -> int:
        later = free >> self._next
        index = self._next + _lowest(later) if later else _lowest(free)
        self._next = index + 1
        return index


def make_balancer(container_concurrency: int, entropy: Entropy) -> Balancer:
    """The activator's policy for a revision."""
    if container_concurrency == 0:
        return LeastOfTwo(entropy)
    if container_concurrency <= _FIRST_AVAILABLE_UP_TO:
        return FirstAvailable(container_concurrency)
    return RoundRobin(container_concurrency)
