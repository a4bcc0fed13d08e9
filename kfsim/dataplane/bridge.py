"""What the containers of one network find on its gateway's address: the gateway, and name service.

This is the one listener that is not on loopback. It is opened by the product itself, and it serves
that network alone: a peer whose address is outside the network's subnet is cut off unheard.
"""

import errno
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from kfsim.base.errors import Unavailable
from kfsim.dataplane.gateway import Gateway
from kfsim.replicas.addresses import ServiceDirectory

if TYPE_CHECKING:
    import asyncio

    from kfsim.dataplane.resolver import Resolver

_logger = logging.getLogger(__name__)
HTTP_PORT, DNS_PORT = 80, 53
# Where port 80 is not to be had: the same one after a restart, so that containers find it again.
_OTHER_HTTP_PORTS = (*range(8080, 8090), 0)
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class BridgePorts:
    """What was opened; `resolves` is false where port 53 was not to be had."""

    http: int
    resolves: bool


class ForeignAddress(Unavailable):
    """The network's gateway is not an address of this host: the engine runs somewhere else."""


class Bridge:
    """The listeners of one network at a time."""

    def __init__(
        self,
        gateway: Gateway,
        directory: ServiceDirectory,
        *,
        http_ports: Sequence[int] = (HTTP_PORT, *_OTHER_HTTP_PORTS),
        dns_port: int = DNS_PORT,
    ) -> None:
        """Another `dns_port` is for tests: the engine's name servers have no port."""
        self._gateway = gateway
        self._directory = directory
        self._http_ports = tuple(http_ports)
        self._dns_port = dns_port
        self._server: asyncio.Server | None = None
        self._resolver: Resolver | None = None
        self._opened: tuple[str, IPv4Network, BridgePorts] | None = None

    async def open(self, address: str, subnet: IPv4Network) -> BridgePorts:
        """Listen on the address, and on none that was served before.

        A network that is removed and made again with the same address finds its listeners. Raises
        ForeignAddress, and Unavailable when no port at all can be had.
        """
        if self._opened is not None and self._opened[:2] == (address, subnet):
            return self._opened[2]
        await self.close()
        if not _is_within(address, subnet):  # an empty one would mean every interface
            raise ForeignAddress(
                f"the replicas' network has no gateway in its subnet {subnet}: {address or 'none'}"
            )
        ports = await self._open(address, lambda peer: _is_within(peer, subnet))
        self._opened = address, subnet, ports
        return ports

    async def _open(self, address: str, admits: Callable[[str], bool]) -> BridgePorts:
        listening = _bind(address, self._http_ports)
        http = listening.getsockname()[1]
        self._server = await self._gateway.serve_socket(listening, admits=admits)
        # Slow to import, and only needed where containers are.
        from kfsim.dataplane.resolver import Forwarder, HostNameServers, Resolver, Zone

        resolver = Resolver(
            zone=Zone(self._directory, address),
            forwarder=Forwarder(HostNameServers()),
            admits=admits,
        )
        try:
            await resolver.serve(address, self._dns_port)
        except OSError as error:
            _logger.info("no name service on %s: %s", address, error.strerror or error)
            return BridgePorts(http, resolves=False)
        self._resolver = resolver
        return BridgePorts(http, resolves=True)

    async def close(self) -> None:
        """Accept nothing more. Connections that are open are the gateway's to end."""
        self._opened = None
        server, self._server = self._server, None
        resolver, self._resolver = self._resolver, None
        if server is not None:
            server.close()
        if resolver is not None:
            await resolver.close()


def _is_within(address: str, subnet: IPv4Network) -> bool:
    try:
        return IPv4Address(address) in subnet
    except AddressValueError:
        return False


def _bind(address: str, ports: Sequence[int]) -> socket.socket:
    problem = "no port was tried"
    for port in ports:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, port))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            problem = error.strerror or str(error)
            if error.errno == errno.EADDRNOTAVAIL:
                raise ForeignAddress(
                    f"{address}, the gateway of the replicas' network, is no address of this host"
                ) from error
        else:
            listening.setblocking(False)
            return listening
    raise Unavailable(
        f"cannot listen on {address}, the gateway of the replicas' network: {problem}; containers "
        "cannot call other services by their cluster-local names"
    )
