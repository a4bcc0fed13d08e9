"""Cluster-local names for replicas that share this host's network: `127.0.0.1:PORT`."""

from kfsim.api.core import Container
from kfsim.backends.names.texts import Mention, rewrite_container
from kfsim.replicas.addresses import AddressResolver, ServiceDirectory


class LoopbackNames:
    """Rewrites containers; a Service's port is opened when a container first names it."""

    def __init__(self, addresses: AddressResolver, directory: ServiceDirectory) -> None:
        self._addresses = addresses
        self._directory = directory

    def rewrite(self, container: Container, namespace: str) -> Container:
        """The container as a process of this host must be told. Raises Unavailable."""

        def replace(mention: Mention) -> str | None:
            if not mention.is_meant(self._directory, namespace):
                return None
            return str(self._addresses.resolve(mention.service))

        return rewrite_container(container, replace)
