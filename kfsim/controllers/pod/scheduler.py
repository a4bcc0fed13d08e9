"""Pods and the host: what a cluster's scheduler and the device plugin decide together.

With a node (`--strict`), cores, memory, nodeSelector, affinity and spread are looked at first.
Without one they never block: Pods that ask for no extended resource pass at once. Others get their
devices from the allocator, or wait for them: they are told when something has changed, because a
Pod has gone or another look at the host found other devices. The host is looked at when the first
Pod asks for a GPU, and then as often as the inventory says for as long as one waits.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping

from kfsim.api.core import Pod
from kfsim.base.errors import Invalid
from kfsim.base.tasks import TaskSet
from kfsim.replicas.allocator import DeviceAllocator, Granted, Holding, Insufficient
from kfsim.replicas.device_requests import DeviceRequest, make_device_request, without_gpus
from kfsim.replicas.devices import FixedInventory, GpuInventory, GpuMode, GpuSettings, Holder
from kfsim.replicas.node import Node, NodeBook


class DeviceScheduler:
    """Decides for one host. `on_change` hears of each waiting Pod that is worth another look."""

    def __init__(
        self,
        *,
        inventory: GpuInventory | None = None,
        settings: GpuSettings | None = None,
        node: Node | None = None,
    ) -> None:
        self._node = None if node is None else NodeBook(node)
        self._inventory = inventory or FixedInventory(problem="This host has no GPU.")
        self._settings = settings or GpuSettings()
        self._allocator = DeviceAllocator(replicas_per_device=self._settings.replicas_per_device)
        self._tasks = TaskSet("gpus")
        self._looking: asyncio.Task[None] | None = None
        self.on_change: Callable[[Holder], None] = lambda holder: None
        self._allocator.update(self._inventory.devices() or ())

    def fit(self, pod: Pod) -> Pod:
        """The Pod as it is run here: without its GPUs where they are to be ignored."""
        if self._settings.mode is not GpuMode.IGNORE:
            return pod
        bare = without_gpus(pod)
        return pod if bare == pod else bare

    def place(self, holder: Holder, pod: Pod) -> str | None:
        """None when the Pod may start, with its devices; else why it has to wait.

        The reason is empty before the first look at the host. Asking again keeps its place.
        """
        if self._node is not None and (why := self._node.check(holder, pod)) is not None:
            return why
        why = self._place_devices(holder, pod)
        if why is None:
            self.occupy(holder, pod)
        return why

    def occupy(self, holder: Holder, pod: Pod) -> None:
        """The Pod is on the host, whatever it asks for."""
        if self._node is not None:
            self._tell(self._node.take(holder, pod))

    def _place_devices(self, holder: Holder, pod: Pod) -> str | None:
        try:
            request = make_device_request(self.fit(pod))
        except Invalid as error:
            return error.message
        if not request:
            return None
        decision = self._allocator.offer(holder, request)
        if isinstance(decision, Granted):
            return None
        self._keep_looking()
        if self._inventory.devices() is None and not request.unknown:
            return ""
        return self._explain(decision, request)

    def claim(self, holder: Holder, devices: Mapping[str, tuple[str, ...]]) -> None:
        """A replica of an earlier daemon holds these devices."""
        if devices:
            self._allocator.claim(holder, devices)

    def release(self, holder: Holder) -> None:
        """The Pod is off the host; a second call changes nothing."""
        served = self._allocator.release(holder)
        waiting = () if self._node is None else self._node.release(holder)
        self._tell(dict.fromkeys((*served, *waiting)))

    def held(self, holder: Holder) -> Mapping[str, tuple[str, ...]]:
        """The devices of each container of the Pod."""
        return self._allocator.held(holder)

    def holdings(self) -> Iterator[Holding]:
        """All devices that are in use."""
        return self._allocator.holdings()

    async def close(self) -> None:
        await self._tasks.close()

    def _explain(self, shortage: Insufficient, request: DeviceRequest) -> str:
        """The scheduler's message; where waiting cannot help, with what does."""
        if shortage.fitting:
            return shortage.message
        there = len(self._inventory.devices() or ())
        if request.unknown:
            names = ", ".join(request.unknown)
            hint = f"kfsim simulates no node with {names}; remove that limit to run here."
        elif not there:
            hint = self._inventory.problem
        else:
            hint = f"The Pod asks for {request.total} GPUs, and this host has {there}."
        return f"{shortage.message} {hint}"

    def _keep_looking(self) -> None:
        changes = self._inventory.refresh_seconds is not None
        if changes and (self._looking is None or self._looking.done()):
            self._looking = self._tasks.spawn(self._look(), name="look for devices")

    async def _look(self) -> None:
        while self._allocator.waiting:
            await self._inventory.refresh()
            served = self._allocator.update(self._inventory.devices() or ())
            self._tell((*served, *self._allocator.waiting))
            await asyncio.sleep(self._inventory.refresh_seconds or 0.0)

    def _tell(self, holders: Iterable[Holder]) -> None:
        for holder in holders:
            self.on_change(holder)
