"""The bridge network that a project's replicas share.

It is made for the first replica and removed with the last. What cluster-local names need on it (a
listener on its gateway's address) is opened before a container can ask.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from kfsim.api.core import Container
from kfsim.backends.docker.connection import Client
from kfsim.backends.docker.engine import Engine, EngineRefused
from kfsim.backends.docker.labels import STATE, network_name, state_filter
from kfsim.base.errors import KfsimError
from kfsim.base.tasks import TaskSet
from kfsim.replicas.backend import ReplicaSpec


class ClusterNames(Protocol):
    """How replicas find Services by their cluster-local names."""

    async def open(self, gateway: str, subnet: str) -> None:
        """Serve the network whose gateway has this address, before any container is on it or
        asked about; again when it was made anew. Raises KfsimError."""
        ...

    @property
    def dns(self) -> tuple[str, ...]:
        """Name servers of every container."""
        ...

    def extra_hosts(self, spec: ReplicaSpec) -> tuple[str, ...]:
        """`NAME:ADDRESS` entries for the hosts file of a replica's containers."""
        ...

    def rewrite(self, container: Container, namespace: str) -> Container:
        """The container with names in its texts as they must be spelled on this network."""
        ...


class NoNames:
    """Names are left as the engine resolves them."""

    dns: tuple[str, ...] = ()

    async def open(self, gateway: str, subnet: str) -> None:
        """Nothing is served."""

    def extra_hosts(self, spec: ReplicaSpec) -> tuple[str, ...]:
        """None."""
        return ()

    def rewrite(self, container: Container, namespace: str) -> Container:
        """Nothing is changed."""
        return container


@dataclass(frozen=True, slots=True)
class Network:
    name: str
    network_id: str
    gateway: str
    subnet: str


class ProjectNetwork:
    """The network, found or made when it is first needed."""

    def __init__(self, engine: Engine, *, state: str, names: ClusterNames) -> None:
        self._engine = engine
        self._state = state
        self._names = names
        self._network: Network | None = None
        self._making: asyncio.Task[Network | KfsimError] | None = None
        self._tasks = TaskSet("docker-network")

    @property
    def gateway_address(self) -> str:
        """The address at which replicas reach this host; empty before the first `ensure`."""
        return self._network.gateway if self._network is not None else ""

    async def ensure(self) -> Network:
        """The network, ready for containers. Raises EngineUnavailable and EngineRefused.

        It is made by a task of its own: were it cancelled with the replica that asked first, the
        engine might make it all the same, and then another for the next.
        """
        if self._network is not None:
            return self._network
        if self._making is None:
            self._making = self._tasks.spawn(self._make(), name="make")
        made = await asyncio.shield(self._making)
        if isinstance(made, KfsimError):
            raise made
        return made

    async def _make(self) -> Network | KfsimError:
        try:
            found = await self._engine.call("make the project's network", self._find_or_make)
            await self._names.open(found.gateway, found.subnet)
            self._network = found
            return found
        except KfsimError as error:  # for those who wait
            return error
        finally:
            self._making = None

    async def close(self) -> None:
        """Make no more networks."""
        await self._tasks.close()

    def forget(self) -> None:
        """Look for it anew: it may be gone."""
        self._network = None

    async def remove(self) -> None:
        """Remove every network of this state directory that no container uses any more."""
        self._network = None
        await self._engine.call(
            "remove the project's network", lambda client: remove_networks(client, self._state)
        )

    def _find_or_make(self, client: Client) -> Network:
        name = network_name(self._state)
        found = next(iter(_networks(client, self._state)), None)
        if found is None:
            made = client.create_network(
                name, driver="bridge", labels={STATE: self._state}, check_duplicate=True
            )
            found = client.inspect_network(made["Id"])
        ranges = (found.get("IPAM") or {}).get("Config") or []
        served: dict[str, str] = next((each for each in ranges if each.get("Gateway")), {})
        gateway, subnet = served.get("Gateway", ""), served.get("Subnet", "")
        return Network(found["Name"], found["Id"], gateway, subnet)


def remove_networks(client: Client, state: str) -> None:
    """Remove a state directory's networks, but one that a foreign container uses. In a thread."""
    for each in _networks(client, state):
        try:
            client.remove_network(each["Id"])
        except Exception as error:
            if getattr(error, "status_code", None) not in (403, 404):
                raise
            # in use by a container that is none of ours, or gone already


def _networks(client: Client, state: str) -> list[dict[str, Any]]:
    return list(client.networks(filters=state_filter(state)))


__all__ = ["ClusterNames", "EngineRefused", "Network", "NoNames", "ProjectNetwork"]
