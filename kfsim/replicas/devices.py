"""GPUs as values: what a host has, how busy it is, and how kfsim is told to treat requests.

`GpuInventory` is the port to what knows the devices (NVML, or a made-up list). It is asked for
nothing before a Pod asks for a GPU. Light on purpose: the command line imports it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

GPU = "nvidia.com/gpu"
_FAKE_PREFIX = "fake-gpu-"
_FAKE_MEMORY = 16 * 2**30


class GpuMode(StrEnum):
    """What becomes of requests for `nvidia.com/gpu`."""

    REQUIRE = "require"
    """As on a cluster: a device of this host, or the Pod stays Pending."""
    FAKE = "fake"
    """Devices that do not exist: scheduled like real ones, invisible to CUDA."""
    IGNORE = "ignore"
    """Requests are dropped, and an Event says so."""


@dataclass(frozen=True, slots=True)
class GpuSettings:
    """`gpu` of kfsim.yaml. More than one replica per device is time-slicing: they share memory
    and compute without any isolation, as with NVIDIA's device plugin."""

    mode: GpuMode = GpuMode.REQUIRE
    replicas_per_device: int = 1
    fake_devices: int = 8

    def __str__(self) -> str:
        words = [str(self.mode)]
        if self.replicas_per_device != 1:
            words.append(f"replicasPerDevice {self.replicas_per_device}")
        if self.mode is GpuMode.FAKE:
            words.append(f"fakeDevices {self.fake_devices}")
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class GpuDevice:
    """One device; `id` is its UUID, `index` NVML's, `memory_bytes` its whole memory."""

    id: str
    index: int
    name: str
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class GpuUsage:
    """How busy a device is now. Memory in bytes; no percentage where the device has none to tell
    (one that is split by MIG)."""

    device: GpuDevice
    memory_used: int
    memory_total: int
    utilization_percent: int | None


class Holder(NamedTuple):
    """A Pod that holds or wants devices. The uid tells it from a later Pod of the same name."""

    namespace: str
    name: str
    uid: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class GpuInventory(Protocol):
    """Knows the devices of this host."""

    @property
    def refresh_seconds(self) -> float | None:
        """How often another look may find another answer; None where it never changes."""
        ...

    @property
    def problem(self) -> str:
        """Why there is no device, with the mend; empty where there are some."""
        ...

    def devices(self) -> Sequence[GpuDevice] | None:
        """What the last look found, by index; None before the first one."""
        ...

    async def refresh(self) -> None:
        """Look again. What goes wrong is the `problem`, not an exception."""
        ...

    async def usage(self) -> Sequence[GpuUsage]:
        """Measure every device now; looks first when nobody has looked yet."""
        ...

    async def close(self) -> None: ...


class FixedInventory:
    """A list of devices that never changes and is never busy."""

    refresh_seconds = None

    def __init__(self, devices: Sequence[GpuDevice] = (), *, problem: str = "") -> None:
        self._devices = tuple(devices)
        self.problem = "" if self._devices else problem

    def devices(self) -> Sequence[GpuDevice]:
        return self._devices

    async def refresh(self) -> None:
        """There is nothing to look at."""

    async def usage(self) -> Sequence[GpuUsage]:
        return tuple(GpuUsage(each, 0, each.memory_bytes, 0) for each in self._devices)

    async def close(self) -> None:
        """Nothing is held."""


def make_fake_devices(count: int) -> tuple[GpuDevice, ...]:
    """Devices `fake-gpu-0` to `fake-gpu-<count-1>`."""
    return tuple(
        GpuDevice(f"{_FAKE_PREFIX}{index}", index, "Fake GPU", _FAKE_MEMORY)
        for index in range(count)
    )


def is_fake(device_id: str) -> bool:
    """Whether the id is one of `make_fake_devices`."""
    return device_id.startswith(_FAKE_PREFIX)
