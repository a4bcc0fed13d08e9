"""Which Pod gets which GPUs.

A Pod gets all that it asks for or nothing. A device belongs to one Pod at a time, or to at most
`replicas_per_device` when devices are shared; one Pod's devices are always different ones. Chosen
are the devices with the fewest Pods, then those of the lowest index.

Pods that wait keep their order, and a late one may only take what does not delay an earlier one:
whoever waits and could be served by this host reserves a place on each device that has one free,
up to the number it needs. So a Pod that wants four GPUs collects them as they become free, while
single requests behind it wait. Who can never be served here (more GPUs than there are, or a
resource that no node has) reserves nothing and delays nobody.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kfsim.replicas.device_requests import DeviceRequest
from kfsim.replicas.devices import GPU, GpuDevice, Holder


@dataclass(frozen=True, slots=True)
class Granted:
    """The devices of each container that asked for any."""

    devices: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Insufficient:
    """What there is too little of, sorted; `fitting` says that waiting can help."""

    resources: tuple[str, ...]
    fitting: bool

    @property
    def message(self) -> str:
        """The scheduler's words (pkg/scheduler/framework FitError) for a cluster of one node."""
        reasons = ", ".join(f"1 Insufficient {name}" for name in self.resources)
        return f"0/1 nodes are available: {reasons}."


class Holding(NamedTuple):
    """One device in one Pod's hands; `container` is the last one that uses it."""

    device: str
    holder: Holder
    container: str


class DeviceAllocator:
    """The books about devices. Nothing is known of any until the first `update`."""

    def __init__(self, *, replicas_per_device: int = 1) -> None:
        self._places = replicas_per_device
        self._devices: dict[str, GpuDevice] = {}
        self._held: dict[Holder, Mapping[str, tuple[str, ...]]] = {}
        self._waiting: dict[Holder, DeviceRequest] = {}

    @property
    def waiting(self) -> tuple[Holder, ...]:
        """Who waits, in the order of asking."""
        return tuple(self._waiting)

    def update(self, devices: Iterable[GpuDevice]) -> tuple[Holder, ...]:
        """These are the host's devices now; returns who waited and has got theirs.

        Pods keep what they hold of a device that is gone.
        """
        self._devices = {each.id: each for each in devices}
        return self._serve()

    def offer(self, holder: Holder, request: DeviceRequest) -> Granted | Insufficient:
        """The Pod's devices, or why it has to wait; asking again keeps its place."""
        if holder not in self._held and holder not in self._waiting:
            self._waiting[holder] = request
            self._serve()
        held = self._held.get(holder)
        return self._shortage(request) if held is None else Granted(held)

    def claim(self, holder: Holder, devices: Mapping[str, tuple[str, ...]]) -> None:
        """A running Pod holds these devices already, whatever the books say of them."""
        self._waiting.pop(holder, None)
        self._held[holder] = dict(devices)

    def release(self, holder: Holder) -> tuple[Holder, ...]:
        """The Pod neither holds nor wants devices; returns who waited and has got theirs."""
        held = self._held.pop(holder, None)
        waited = self._waiting.pop(holder, None)
        return () if held is None and waited is None else self._serve()

    def held(self, holder: Holder) -> Mapping[str, tuple[str, ...]]:
        """The devices of each container of the Pod."""
        return self._held.get(holder, {})

    def holdings(self) -> Iterator[Holding]:
        """All devices that are in use."""
        for holder, devices in self._held.items():
            # Init containers come first, and the others take their devices over.
            last = {each: name for name, chosen in devices.items() for each in chosen}
            for device, container in last.items():
                yield Holding(device, holder, container)

    def _serve(self) -> tuple[Holder, ...]:
        free = self._free()
        served: list[Holder] = []
        for holder, request in tuple(self._waiting.items()):
            if not self._can_fit(request):
                continue
            chosen = self._choose(request.total, free)
            for device in chosen:
                free[device] -= 1
            if len(chosen) == request.total:
                del self._waiting[holder]
                self._held[holder] = request.divide(chosen)
                served.append(holder)
        return tuple(served)

    def _free(self) -> dict[str, int]:
        free = dict.fromkeys(self._devices, self._places)
        for holding in self.holdings():
            if holding.device in free:
                free[holding.device] -= 1
        return free

    def _choose(self, count: int, free: Mapping[str, int]) -> Sequence[str]:
        """As many devices with a free place as can be had, the best ones first."""
        open_ones = [each for each in self._devices.values() if free[each.id] > 0]
        open_ones.sort(key=lambda each: (-free[each.id], each.index))
        return [each.id for each in open_ones[:count]]

    def _can_fit(self, request: DeviceRequest) -> bool:
        return not request.unknown and request.total <= len(self._devices)

    def _shortage(self, request: DeviceRequest) -> Insufficient:
        lacking = set(request.unknown)
        if request.total and len(self._choose(request.total, self._free())) < request.total:
            lacking.add(GPU)
        fitting = self._can_fit(request)
        # Free devices that are reserved for an earlier Pod are none for this one.
        return Insufficient(tuple(sorted(lacking)) or (GPU,), fitting)
