"""The network namespace that a Pod's containers share, and where it is reached.

It belongs to the container that started first; those that start while it runs join it. When it
ends, the namespace is cut off, and whichever container starts next makes a new one, into which
those that still run are moved by being replaced, as kubelet does when a Pod's sandbox is lost.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfsim.api.core import Pod
from kfsim.backends.docker.containers import Attempt, Stage
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import ReplicaSpec

_LOOPBACK = "127.0.0.1"


class SandboxLost(Exception):
    """The container that was to be joined has ended just now."""


def lost_sandbox(message: str) -> bool:
    """Whether a refused start says so: moby's daemon/container_operations.go, or runc, when the
    process that the namespaces are named after is gone (libcontainer, orderNamespacePaths)."""
    return any(
        words in message
        for words in (
            "network of a non running container",
            "joining network namespace",
            "cannot join IPC",
            "non running container",
            "namespace path: lstat /proc/",
        )
    )


@dataclass(frozen=True, slots=True)
class Sandbox:
    """`published`: host ports by containerPort, where replicas are reached through those."""

    owner: Attempt
    ip: str
    published: Mapping[int, int] | None = None

    @property
    def alive(self) -> bool:
        return self.owner.stage is Stage.RUNNING

    def reach(self, port: int) -> Address | None:
        """Where a containerPort is reached from this host."""
        if self.published is None:
            return Address(self.ip, port) if self.ip else None
        host_port = self.published.get(port)
        return None if host_port is None else Address(_LOOPBACK, host_port)


def make_sandbox(
    owner: Attempt, networks: Mapping[str, Any], ports: Mapping[int, int] | None
) -> Sandbox:
    """`networks` is the engine's NetworkSettings.Networks of the owner's container."""
    addresses = (str(each.get("IPAddress") or "") for each in networks.values())
    return Sandbox(owner, next((each for each in addresses if each), ""), ports)


def inspected_ports(ports: Mapping[str, Any]) -> dict[int, int]:
    """Host ports by containerPort, from the NetworkSettings.Ports of an inspected container."""
    return {
        int(name.partition("/")[0]): int(bindings[0]["HostPort"])
        for name, bindings in ports.items()
        if bindings
    }


def find_port(spec: ReplicaSpec, port: int | str | None) -> int | None:
    """The number of a port that is given by number or name; None means the serving port."""
    if not port:
        return spec.serving_port
    if isinstance(port, int) or port.isdigit():
        return int(port)
    named = (
        each.container_port
        for container in spec.pod.spec.containers
        for each in container.ports
        if each.name == port
    )
    return next(named, None)


def pod_ports(pod: Pod, *, serving_port: int) -> tuple[int, ...]:
    """Every containerPort of the Pod: its containers share one network namespace."""
    return tuple(dict.fromkeys((serving_port, *_declared(pod))))


def _declared(pod: Pod) -> Iterator[int]:
    for container in pod.spec.containers:
        for port in container.ports:
            yield port.container_port
