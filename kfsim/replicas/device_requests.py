"""The devices that a Pod asks for, as the scheduler and kubelet's device manager count them.

Extended resources are whole numbers; a limit is the request. All containers run together, so their
requests add up; init containers run before them, one after the other, and may use the same
devices; a sidecar (an init container with restartPolicy Always) goes on beside what follows it
(pkg/api/v1/resource/helpers.go PodRequests, pkg/kubelet/cm/devicemanager).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfsim.api.core import Container, Pod
from kfsim.api.extended_resources import extended_amounts
from kfsim.replicas.devices import GPU


@dataclass(frozen=True, slots=True)
class Share:
    """`count` devices of the Pod's, from the `first` on, belong to the container."""

    container: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """`total` GPUs for the whole Pod and how its containers share them; `unknown` are the extended
    resources that no simulated node has."""

    total: int = 0
    shares: tuple[Share, ...] = ()
    unknown: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.total > 0 or bool(self.unknown)

    def divide(self, devices: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """The devices of each container that asks for any."""
        return {
            share.container: tuple(devices[share.first : share.first + share.count])
            for share in self.shares
        }


def make_device_request(pod: Pod) -> DeviceRequest:
    """The Pod's request. Raises Invalid for an amount that is no whole number."""
    shares: list[Share] = []
    unknown: dict[str, None] = {}
    first = total = 0
    for container, is_init in _in_order(pod):
        amounts = extended_amounts(container)
        count = amounts.pop(GPU, 0)
        unknown.update(dict.fromkeys(name for name, amount in amounts.items() if amount))
        if count:
            shares.append(Share(container.name, first, count))
        total = max(total, first + count)
        if not is_init or container.restart_policy == "Always":
            first += count
    return DeviceRequest(total, tuple(shares), tuple(sorted(unknown)))


def _in_order(pod: Pod) -> list[tuple[Container, bool]]:
    return [
        *((each, True) for each in pod.spec.init_containers),
        *((each, False) for each in pod.spec.containers),
    ]


def without_gpus(pod: Pod) -> Pod:
    """The Pod as it would be had nobody asked for `nvidia.com/gpu`."""
    spec = pod.spec.replaced(
        containers=tuple(_without_gpus(each) for each in pod.spec.containers),
        init_containers=tuple(_without_gpus(each) for each in pod.spec.init_containers),
    )
    return pod.replaced(spec=spec)


def _without_gpus(container: Container) -> Container:
    given = container.resources
    if given is None or not (GPU in given.limits or GPU in given.requests):
        return container
    limits = {name: amount for name, amount in given.limits.items() if name != GPU}
    requests = {name: amount for name, amount in given.requests.items() if name != GPU}
    return container.replaced(resources=given.replaced(limits=limits, requests=requests))
