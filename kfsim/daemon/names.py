"""Cluster-local names of a daemon's replicas, for each backend in its way.

Backends are made before the gateway and the store are there, and start nothing until both are:
`connect` comes in between.
"""

from kfsim.api.core import Container
from kfsim.backends.names.loopback import LoopbackNames
from kfsim.backends.names.network import NetworkNames
from kfsim.daemon.directory import StoreDirectory
from kfsim.dataplane import Gateway
from kfsim.dataplane.bridge import Bridge
from kfsim.dataplane.service_ports import ServicePorts
from kfsim.replicas.backend import ReplicaSpec
from kfsim.store import Store


class DaemonNames:
    """The Docker backend's ClusterNames, and `resolve` for processes."""

    def __init__(self) -> None:
        self._ports: ServicePorts | None = None
        self._processes: LoopbackNames | None = None
        self._containers: NetworkNames | None = None

    def connect(self, gateway: Gateway, store: Store) -> None:
        """What names lead to, and where it is written which there are."""
        directory = StoreDirectory(store)
        self._ports = ServicePorts(gateway)
        self._processes = LoopbackNames(self._ports, directory)
        self._containers = NetworkNames(Bridge(gateway, directory), self._ports, directory)

    def resolve(self, container: Container, namespace: str) -> Container:
        """A container as a process of this host must be told. Raises Unavailable."""
        assert self._processes is not None
        return self._processes.rewrite(container, namespace)

    async def open(self, gateway: str, subnet: str) -> None:
        """See ClusterNames."""
        await self._network.open(gateway, subnet)

    @property
    def dns(self) -> tuple[str, ...]:
        """See ClusterNames."""
        return self._network.dns

    def extra_hosts(self, spec: ReplicaSpec) -> tuple[str, ...]:
        """See ClusterNames."""
        return self._network.extra_hosts(spec)

    def rewrite(self, container: Container, namespace: str) -> Container:
        """See ClusterNames."""
        return self._network.rewrite(container, namespace)

    async def close(self) -> None:
        """Serve no names any more."""
        if self._containers is not None:
            await self._containers.close()
        if self._ports is not None:
            await self._ports.close()

    @property
    def _network(self) -> NetworkNames:
        assert self._containers is not None
        return self._containers
