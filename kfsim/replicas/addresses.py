"""How one component of the simulated cluster reaches another by name."""

from dataclasses import dataclass
from typing import Protocol

from kfsim.base.types import ServiceName


@dataclass(frozen=True, slots=True)
class Address:
    """A host and port that the asking replica can connect to."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class AddressResolver(Protocol):
    """Maps cluster-local Services to addresses that work on this host."""

    def resolve(self, service: ServiceName) -> Address:
        """The address on which the cluster-local Service answers for this backend's replicas.

        Stable for the daemon's life, and given before the Service has any endpoint, because the
        activator answers for it. Raises Unavailable when no address can be given.
        """
        ...


class ServiceDirectory(Protocol):
    """Says which cluster-local Services there are."""

    def knows(self, service: ServiceName) -> bool:
        """Whether it exists, routed already or not."""
        ...
