"""By which address containers reach this host, and what they must be told for it. Pure.

Where the network's gateway is an address of this host, a container needs to be told nothing: name
service and port 80 are as on a cluster. What an unprivileged user cannot open is made up for by
text. Where the engine runs in a virtual machine (Docker Desktop), `host.docker.internal` leads to
this host's loopback, where each Service has a port.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kfsim.backends.names.texts import Mention
from kfsim.replicas.addresses import AddressResolver

_HTTP_PORT = 80
HOST_NAME = "host.docker.internal"
# The engine fills the address in (20.10 and later); Docker Desktop's own entry says the same.
HOST_ENTRY = f"{HOST_NAME}:host-gateway"


@dataclass(frozen=True, slots=True)
class ByGateway:
    """Containers reach this host at their network's gateway address."""

    gateway: str
    http_port: int = _HTTP_PORT
    resolves: bool = True
    """There is name service on that address."""

    @property
    def names_port(self) -> bool:
        """Whether names must be given with a port."""
        return self.http_port != _HTTP_PORT

    @property
    def dns(self) -> tuple[str, ...]:
        return (self.gateway,) if self.resolves else ()

    def write(self, mention: Mention) -> str | None:
        """What to write for a Service's name; None for the name itself."""
        return f"{mention.host}:{self.http_port}" if self.names_port else None

    def extra_hosts(self, mentions: Iterable[Mention]) -> tuple[str, ...]:
        """Entries for the hosts file of a container with these mentions."""
        if self.resolves:
            return ()
        return tuple(dict.fromkeys(f"{mention.host}:{self.gateway}" for mention in mentions))


@dataclass(frozen=True, slots=True)
class ByHostName:
    """Containers reach this host's loopback by a name that the engine provides."""

    addresses: AddressResolver

    @property
    def dns(self) -> tuple[str, ...]:
        return ()

    def write(self, mention: Mention) -> str | None:
        """As for ByGateway. Raises Unavailable."""
        return f"{HOST_NAME}:{self.addresses.resolve(mention.service).port}"

    def extra_hosts(self, mentions: Iterable[Mention]) -> tuple[str, ...]:
        """As for ByGateway."""
        return (HOST_ENTRY,) if any(True for _ in mentions) else ()


Reach = ByGateway | ByHostName
