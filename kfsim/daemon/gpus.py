"""GPUs as `kfsim top` and /metrics show them: how busy each is, and whose it is.

The metrics have the names and labels that NVIDIA's dcgm-exporter writes on Kubernetes
(etc/default-counters.csv), so that dashboards made for a cluster work here. Memory is in MiB there.
A device that is shared has a series per Pod; one that nobody holds has empty labels.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kfsim.replicas.allocator import Holding
from kfsim.replicas.devices import GpuDevice, GpuInventory, GpuUsage
from kfsim.replicas.marks import NODE_NAME

if TYPE_CHECKING:
    from prometheus_client import Metric

_MEBIBYTE = 2**20
_LABELS = (
    "gpu", "UUID", "device", "modelName", "Hostname", "namespace", "pod", "container",
)  # fmt: skip
_NO_HOLDER = ("", "", "")
_GAUGES: Sequence[tuple[str, str, Callable[[GpuUsage], float | None]]] = (
    ("DCGM_FI_DEV_GPU_UTIL", "GPU utilization (in %).", lambda usage: usage.utilization_percent),
    (
        "DCGM_FI_DEV_FB_FREE",
        "Framebuffer memory free (in MiB).",
        lambda usage: (usage.memory_total - usage.memory_used) // _MEBIBYTE,
    ),
    (
        "DCGM_FI_DEV_FB_USED",
        "Framebuffer memory used (in MiB).",
        lambda usage: usage.memory_used // _MEBIBYTE,
    ),
)


class GpuReport:
    """Measures when asked. It is also the metrics' source."""

    def __init__(
        self, *, inventory: GpuInventory, holdings: Callable[[], Iterable[Holding]]
    ) -> None:
        self._inventory = inventory
        self._holdings = holdings
        self._usage: Sequence[GpuUsage] = ()

    async def top(self) -> dict[str, Any]:
        """The document behind `kfsim top`; memory in bytes."""
        usage = await self._inventory.usage()
        holders = self._holders()
        return {
            "gpus": [
                {
                    "index": each.device.index,
                    "name": each.device.name,
                    "uuid": each.device.id,
                    "memoryUsed": each.memory_used,
                    "memoryTotal": each.memory_total,
                    "utilizationPercent": each.utilization_percent,
                    "pods": [
                        {"namespace": namespace, "name": name, "container": container}
                        for namespace, name, container in holders.get(each.device.id, ())
                    ],
                }
                for each in usage
            ],
            "reason": self._inventory.problem,
        }

    async def prepare(self) -> None:
        self._usage = await self._inventory.usage()

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily  # with the first scrape

        holders = self._holders()
        for name, text, measure in _GAUGES:
            family = GaugeMetricFamily(name, text, labels=_LABELS)
            for usage in self._usage:
                value = measure(usage)
                if value is None:
                    continue
                for holder in holders.get(usage.device.id, [_NO_HOLDER]):
                    family.add_metric((*_describe(usage.device), *holder), value)
            yield family

    def _holders(self) -> dict[str, list[tuple[str, str, str]]]:
        """Namespace, Pod and container by device."""
        holders: dict[str, list[tuple[str, str, str]]] = {}
        for device, holder, container in self._holdings():
            holders.setdefault(device, []).append((holder.namespace, holder.name, container))
        return holders


def _describe(device: GpuDevice) -> tuple[str, ...]:
    index = str(device.index)
    return index, device.id, f"nvidia{index}", device.name, NODE_NAME
