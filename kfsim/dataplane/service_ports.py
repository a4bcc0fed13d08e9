"""Loopback ports of cluster-local Services, for replicas that share this host's network.

Each Service has a port on which its requests enter the gateway, whatever their Host. The port is
bound when somebody first asks for it, and kept. Binding does not wait, so an address can be given
at once: connections made before the loop comes to serve the socket wait in its backlog.

A port depends on the Service's name where it is free, so that a container that outlives the daemon
finds the Service again.
"""

import socket
import zlib
from collections.abc import Iterator

from kfsim.base.errors import Unavailable
from kfsim.base.tasks import TaskSet
from kfsim.base.types import ServiceName
from kfsim.dataplane.gateway import Gateway
from kfsim.replicas.addresses import Address

HOST = "127.0.0.1"
# Above the replicas' ports (backends.process.ports), below the ports that kernels give out.
_FIRST_PORT, _PORTS = 32000, 768
_TRIED = 8
_BACKLOG = 128


class ServicePorts:
    """The AddressResolver of process replicas. Belongs to the loop's thread."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._addresses: dict[ServiceName, Address] = {}
        self._unserved: dict[ServiceName, socket.socket] = {}
        self._tasks = TaskSet("service-ports")

    def resolve(self, service: ServiceName) -> Address:
        """See `replicas.addresses.AddressResolver`."""
        address = self._addresses.get(service)
        if address is None:
            listening = _bind(service)
            address = Address(HOST, listening.getsockname()[1])
            self._addresses[service] = address
            self._unserved[service] = listening
            self._tasks.spawn(self._serve(service), name=f"serve {service}")
        return address

    async def _serve(self, service: ServiceName) -> None:
        await self._gateway.serve_socket(self._unserved.pop(service), service=service)

    async def close(self) -> None:
        """Serve nothing more; what is served is the gateway's to close."""
        await self._tasks.close()
        for listening in self._unserved.values():
            listening.close()
        self._unserved.clear()


def candidate_ports(service: ServiceName) -> Iterator[int]:
    """The ports to try, in order; 0 stands for any."""
    start = zlib.crc32(str(service).encode())
    for step in range(_TRIED):
        yield _FIRST_PORT + (start + step) % _PORTS
    yield 0


def _bind(service: ServiceName) -> socket.socket:
    problem = ""
    for port in candidate_ports(service):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((HOST, port))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            problem = error.strerror or str(error)
        else:
            listening.setblocking(False)
            return listening
    raise Unavailable(
        f"cannot open a port on {HOST} for service {service}: {problem}; close what holds the "
        "host's ports or file descriptors"
    )
