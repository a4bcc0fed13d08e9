"""Resource requests and limits as the engine's settings.

Pure. The arithmetic is kubelet's (pkg/kubelet/cm/helpers_linux.go). A limit above what the host has
is lowered to that, with a remark: the manifest was written for a larger machine. Requests never
block, they weigh. ephemeral-storage and extended resources have no setting here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from kfsim.api.core import Container, Quantity
from kfsim.backends.docker.creation import HostSize, Remark
from kfsim.backends.failures import CREATE_ERROR, StartFailure
from kfsim.base.quantities import parse_quantity

# The engine refuses less ("Minimum memory limit allowed is 6MB").
LEAST_MEMORY = 6 * 2**20
# kubelet's MinQuotaPeriod, also the engine's least: a hundredth of a CPU.
_LEAST_MILLI_CPU = 10
_LEAST_SHARES = 2
_MOST_SHARES = 262144
_CPU, _MEMORY = "cpu", "memory"
_UNITS = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


@dataclass(frozen=True, slots=True)
class Limits:
    """`settings` are keys of the engine's HostConfig."""

    settings: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()

    @property
    def memory(self) -> int | None:
        """The memory limit in bytes, if there is one."""
        return self.settings.get("Memory")


def make_limits(container: Container, host: HostSize) -> Limits:
    """The container's limits, lowered to what the host has. Raises StartFailure."""
    resources = container.resources
    limits = {} if resources is None else resources.limits
    requests = {} if resources is None else resources.requests
    settings: dict[str, int] = {}
    remarks: list[Remark] = []
    cpu = _read_limit(container, limits, _CPU)
    asked = _read(container, requests, "request", _CPU)
    # Kubernetes defaults a request that is not given to the limit.
    weight = cpu if asked is None else asked
    settings["CpuShares"] = make_cpu_shares(_milli(weight or Decimal(0)))
    if cpu is not None:
        most = Decimal(str(host.cpus))
        if cpu > most:
            remarks.append(_clamped(container, _CPU, limits[_CPU], f"{most.normalize():f}"))
        milli = max(_LEAST_MILLI_CPU, _milli(min(cpu, most)))
        settings["NanoCpus"] = milli * 1_000_000
    _read(container, requests, "request", _MEMORY)
    memory = _read_limit(container, limits, _MEMORY)
    if memory is not None:
        least_memory(container, limits[_MEMORY], memory)
        if memory > host.memory:
            remarks.append(_clamped(container, _MEMORY, limits[_MEMORY], format_bytes(host.memory)))
        size = min(math.ceil(memory), host.memory)
        # Equal to Memory means no swap, as on a Kubernetes node.
        settings.update(Memory=size, MemorySwap=size)
    return Limits(settings, tuple(remarks))


def make_cpu_shares(milli: int) -> int:
    """kubelet's MilliCPUToShares: 1000m is 1024 shares, nothing asked is the least weight, 2."""
    return min(_MOST_SHARES, max(_LEAST_SHARES, milli * 1024 // 1000))


def format_bytes(size: int) -> str:
    """`512Mi`, `23.4Gi`: at most one decimal."""
    for unit, factor in _UNITS:
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + unit
    return str(size)


def least_memory(container: Container, given: Quantity, memory: Decimal) -> None:
    """Raises StartFailure for a memory limit that the engine would refuse."""
    if memory < LEAST_MEMORY:
        raise StartFailure(
            CREATE_ERROR,
            f"container {container.name} has the memory limit {given}, {math.ceil(memory)} bytes; "
            "the engine's least is 6Mi: raise it (is a suffix such as Mi missing?)",
        )


def _read_limit(container: Container, limits: Mapping[str, Quantity], name: str) -> Decimal | None:
    """None where there is no limit, which is also what zero means to kubelet
    (pkg/kubelet/kuberuntime calculateLinuxResources)."""
    return _read(container, limits, "limit", name) or None


def _read(
    container: Container, quantities: Mapping[str, Quantity], kind: str, name: str
) -> Decimal | None:
    given = quantities.get(name)
    if given is None:
        return None
    where = f"the {name} {kind} of container {container.name}"
    try:
        value = parse_quantity(given)
    except ValueError as error:
        raise StartFailure(CREATE_ERROR, f"{where} cannot be read: {error}") from error
    if value < 0:
        raise StartFailure(CREATE_ERROR, f"{where} is {given}; it must not be negative")
    return value


def _milli(cpus: Decimal) -> int:
    return math.ceil(cpus * 1000)


def _clamped(container: Container, name: str, asked: Quantity, had: str) -> Remark:
    return Remark(
        "LimitClamped",
        f"Container {container.name} has the {name} limit {asked}, more than this host has "
        f"({had}); it is limited to {had}",
    )
