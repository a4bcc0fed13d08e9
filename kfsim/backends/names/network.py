"""Cluster-local names for the containers of a project's Docker network."""

import asyncio
import importlib
import logging
from ipaddress import IPv4Network

from kfsim.api.core import Container
from kfsim.backends.names.reach import HOST_NAME, ByGateway, ByHostName, Reach
from kfsim.backends.names.texts import Mention, mentions_of, rewrite_container
from kfsim.dataplane.bridge import Bridge, ForeignAddress
from kfsim.replicas.addresses import AddressResolver, ServiceDirectory
from kfsim.replicas.backend import ReplicaSpec

_logger = logging.getLogger(__name__)
_RESOLVER = "kfsim.dataplane.resolver"


class NetworkNames:
    """How containers of one network find Services; `open` comes before everything else."""

    def __init__(
        self, bridge: Bridge, addresses: AddressResolver, directory: ServiceDirectory
    ) -> None:
        self._bridge = bridge
        self._addresses = addresses
        self._directory = directory
        self._reach: Reach = ByHostName(addresses)
        self._said: set[str] = set()

    async def open(self, gateway_address: str, subnet: str) -> None:
        """Serve the network of that subnet (CIDR) on its gateway's address, in place of one that
        was served before. What cannot be had is made up for, and said once in the log.

        Raises Unavailable when nothing can be opened there.
        """
        await asyncio.to_thread(importlib.import_module, _RESOLVER)  # too long for the loop
        try:
            ports = await self._bridge.open(gateway_address, _parse_subnet(subnet))
        except ForeignAddress as error:
            self._say(f"{error.message}; containers reach this host as {HOST_NAME}")
            self._reach = ByHostName(self._addresses)
        else:
            self._reach = ByGateway(gateway_address, ports.http, ports.resolves)
            self._say_what_is_missing(gateway_address, self._reach)

    @property
    def dns(self) -> tuple[str, ...]:
        """Name servers of every container; the search domains of a Pod go with them."""
        return self._reach.dns

    def extra_hosts(self, spec: ReplicaSpec) -> tuple[str, ...]:
        """`NAME:ADDRESS` entries for the hosts file of a replica's containers."""
        pod, namespace = spec.pod.spec, spec.key.namespace
        mentions = [
            mention
            for container in (*pod.init_containers, *pod.containers)
            for mention in mentions_of(container)
            if mention.is_meant(self._directory, namespace)
        ]
        return self._reach.extra_hosts(mentions)

    def rewrite(self, container: Container, namespace: str) -> Container:
        """The container as it must be told on this network. Raises Unavailable."""

        def replace(mention: Mention) -> str | None:
            meant = mention.is_meant(self._directory, namespace)
            return self._reach.write(mention) if meant else None

        return rewrite_container(container, replace)

    async def close(self) -> None:
        """Stop serving the network."""
        await self._bridge.close()

    def _say_what_is_missing(self, address: str, reach: ByGateway) -> None:
        if not reach.resolves:
            self._say(
                f"port 53 of {address} cannot be had, so containers know only the cluster-local "
                "names that their own args and env mention; run kfsim as a user that may open it"
            )
        if reach.names_port:
            self._say(
                f"port 80 of {address} cannot be had; cluster-local names in args and env of "
                f"containers get port {reach.http_port}, and names made at run time need it too"
            )

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            _logger.warning("%s", text)


def _parse_subnet(text: str) -> IPv4Network:
    try:
        return IPv4Network(text, strict=False)
    except ValueError as error:
        raise ForeignAddress(
            f"the replicas' network has no IPv4 subnet ({text or 'none'})"
        ) from error
