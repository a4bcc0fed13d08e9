"""The GPUs of this host, as NVML tells them (nvidia-ml-py), or a made-up list of them.

NVML is loaded with the first look, never at start, and called in a thread of its own: a driver in
trouble may not answer for minutes. A host without NVML has no GPUs, which is logged once.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from kfsim.base.errors import Timeout, Unavailable
from kfsim.base.tasks import TaskSet
from kfsim.replicas.devices import (
    FixedInventory,
    GpuDevice,
    GpuInventory,
    GpuMode,
    GpuSettings,
    GpuUsage,
    make_fake_devices,
)

_T = TypeVar("_T")
_logger = logging.getLogger(__name__)
_REFRESH_SECONDS = 5.0
_PATIENCE = 10.0
_MEND = "set gpu: fake or gpu: ignore in kfsim.yaml to run without one"


def make_inventory(settings: GpuSettings) -> GpuInventory:
    """What the settings ask for; looks at nothing yet."""
    if settings.mode is GpuMode.FAKE:
        problem = "kfsim.yaml asks for no fake GPUs; raise gpu.fakeDevices"
        return FixedInventory(make_fake_devices(settings.fake_devices), problem=problem)
    return NvmlInventory()


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at NVML found; `lost` says of the devices that did not answer why."""

    usage: tuple[GpuUsage, ...]
    lost: tuple[str, ...] = ()


class NvmlInventory:
    """Asks the driver. A device that fails leaves the list until it answers again."""

    refresh_seconds = _REFRESH_SECONDS

    def __init__(self) -> None:
        self._session = NvmlSession()
        self._devices: tuple[GpuDevice, ...] | None = None
        self._tasks = TaskSet("nvml")
        self._looking: asyncio.Task[tuple[GpuUsage, ...]] | None = None
        self._answer: Future[Any] | None = None
        self.problem = ""

    def devices(self) -> Sequence[GpuDevice] | None:
        return self._devices

    async def refresh(self) -> None:
        await self.usage()

    async def usage(self) -> Sequence[GpuUsage]:
        """Who asks while a look is under way shares it, and may give up without ending it."""
        if self._looking is None or self._looking.done():
            self._looking = self._tasks.spawn(self._look(), name="look")
        return await asyncio.shield(self._looking)

    async def close(self) -> None:
        """A thread that a stuck driver holds is left: the driver forgets us with the process."""
        await self._tasks.close()

    async def _look(self) -> tuple[GpuUsage, ...]:
        try:
            look = await self._in_thread(self._session.look)
        except (Unavailable, Timeout) as error:
            look, reason = Look(()), error.message
        else:
            reason = "; ".join(look.lost) or "the NVIDIA driver reports no device"
        self._take(look, reason)
        return look.usage

    def _take(self, look: Look, reason: str) -> None:
        found = tuple(each.device for each in look.usage)
        for gone in self._devices or ():
            if gone.id not in {each.id for each in found}:
                _logger.warning(
                    "GPU %d (%s, %s) is no longer used: %s", gone.index, gone.name, gone.id, reason
                )
        problem = "" if found else f"This host has no usable NVIDIA GPU: {reason}; {_MEND}."
        if problem and problem != self.problem:
            _logger.warning("%s", problem)
        self._devices, self.problem = found, problem

    async def _in_thread(self, function: Callable[[], _T]) -> _T:
        """Raises Timeout, and Unavailable while an earlier call has not come back."""
        if self._answer is not None and not self._answer.done():
            raise Unavailable("the NVIDIA driver has still not answered an earlier question")
        future: Future[_T] = Future()
        future.set_running_or_notify_cancel()  # it cannot be called off

        def work() -> None:
            try:
                result = function()
            except Exception as error:  # noqa: BLE001  # it is the caller's, in the other thread
                future.set_exception(error)
            else:
                future.set_result(result)

        self._answer = future
        threading.Thread(target=work, name="nvml", daemon=True).start()
        try:
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise Timeout(f"the NVIDIA driver did not answer within {_PATIENCE:g} s") from None


class NvmlSession:
    """NVML's own calls; every method may block."""

    def __init__(self) -> None:
        self._nvml: Any = None

    def look(self) -> Look:
        """All devices and how busy they are. Raises Unavailable with NVML's words."""
        import pynvml  # loaded late: most hosts and most projects never need it

        try:
            if self._nvml is None:
                pynvml.nvmlInit()
                self._nvml = pynvml
            return self._look_at_all(pynvml)
        except pynvml.NVMLError as error:
            self._forget(pynvml)
            raise Unavailable(_describe(pynvml, error)) from error

    @staticmethod
    def _look_at_all(nvml: Any) -> Look:
        usage: list[GpuUsage] = []
        lost: list[str] = []
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                usage.append(_measure(nvml, index))
            except nvml.NVMLError as error:
                lost.append(f"device {index}: {error}")
        return Look(tuple(usage), tuple(lost))

    def _forget(self, nvml: Any) -> None:
        """Begin anew with the next look: the driver may have been loaded, or reloaded."""
        if self._nvml is not None:
            self._nvml = None
            try:
                nvml.nvmlShutdown()
            except nvml.NVMLError:
                pass  # it is what we wanted


def _measure(nvml: Any, index: int) -> GpuUsage:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    device = GpuDevice(
        id=nvml.nvmlDeviceGetUUID(handle),
        index=index,
        name=nvml.nvmlDeviceGetName(handle),
        memory_bytes=int(memory.total),
    )
    try:
        percent = int(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except nvml.NVMLError_NotSupported:  # MIG is on
        percent = None
    return GpuUsage(device, int(memory.used), int(memory.total), percent)


def _describe(nvml: Any, error: Exception) -> str:
    if isinstance(error, nvml.NVMLError_LibraryNotFound):
        return "there is no NVIDIA driver (libnvidia-ml.so.1 was not found)"
    return f"NVML says {error}"
