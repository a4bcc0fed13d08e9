"""Cluster-local names for the replicas of a daemon.

Backends are made before the gateway, and ask for names only once the cluster runs: `connect` comes
in between.
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


class ClusterLocalNames:
    """Names on loopback for processes, on the project's network for containers."""

    def __init__(self) -> None:
        self._ports: ServicePorts | None = None
        self._loopback: LoopbackNames | None = None
        self._network: NetworkNames | None = None

    def connect(self, *, gateway: Gateway, store: Store) -> None:
        """Serve names through the gateway, for the Services of the store."""
        directory = StoreDirectory(store)
        self._ports = ServicePorts(gateway)
        self._loopback = LoopbackNames(self._ports, directory)
        self._network = NetworkNames(Bridge(gateway, directory), self._ports, directory)

    def resolve_for_process(self, container: Container, namespace: str) -> Container:
        """The container with addresses of this host in place of names. Raises Unavailable."""
        assert self._loopback is not None  # replicas start when the cluster does, which is later
        return self._loopback.rewrite(container, namespace)

    # ClusterNames, for the Docker backend

    async def open(self, gateway: str, subnet: str) -> None:
        """See ClusterNames."""
        await self._on_network.open(gateway, subnet)

    @property
    def dns(self) -> tuple[str, ...]:
        """See ClusterNames."""
        return self._on_network.dns

    def extra_hosts(self, spec: ReplicaSpec) -> tuple[str, ...]:
        """See ClusterNames."""
        return self._on_network.extra_hosts(spec)

    def rewrite(self, container: Container, namespace: str) -> Container:
        """See ClusterNames."""
        return self._on_network.rewrite(container, namespace)

    @property
    def _on_network(self) -> NetworkNames:
        assert self._network is not None  # as above
        return self._network

    async def close(self) -> None:
        """Serve no names any more."""
        if self._network is not None:
            await self._network.close()
        if self._ports is not None:
            await self._ports.close()
