"""What an earlier daemon left in the engine: which of it is adopted, and what is removed.

A replica is adopted when one of its app containers runs. Its ended containers are kept until the
replica is taken over, so that their ends can be told; everything else that has the state
directory's label goes: containers that were only created, replicas in their init phase, older
attempts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfsim.backends.docker.connection import Client
from kfsim.backends.docker.labels import Owner, read_labels, state_filter
from kfsim.base.types import ReplicaKey

_JOINS = "container:"
_ALIVE = ("running", "paused", "restarting")


@dataclass(frozen=True, slots=True)
class FoundContainer:
    """A container with the state directory's label. `networks` and `ports` as the engine lists
    them; `owner` None: the other labels are broken."""

    container_id: str
    owner: Owner | None
    state: str
    joins: bool
    networks: Mapping[str, Any]
    ports: Mapping[int, int]

    @property
    def alive(self) -> bool:
        return self.state in _ALIVE

    @property
    def ended(self) -> bool:
        return self.state in ("exited", "dead")


@dataclass(frozen=True, slots=True)
class FoundReplica:
    """The latest attempts of a running replica's containers, by container name."""

    key: ReplicaKey
    uid: str
    containers: Mapping[str, FoundContainer]

    @property
    def devices(self) -> dict[str, tuple[str, ...]]:
        """The GPUs that its containers hold."""
        return {
            name: each.owner.devices
            for name, each in self.containers.items()
            if each.owner is not None and each.owner.devices
        }


@dataclass(frozen=True, slots=True)
class Findings:
    replicas: Mapping[ReplicaKey, FoundReplica]
    leftovers: tuple[str, ...]


def list_containers(client: Client, state: str) -> list[FoundContainer]:
    """All containers with the label, running or not. In a call thread."""
    listed = client.containers(all=True, filters=state_filter(state))
    return [_read(each) for each in listed]


def _read(listed: Mapping[str, Any]) -> FoundContainer:
    mode = str((listed.get("HostConfig") or {}).get("NetworkMode") or "")
    networks = (listed.get("NetworkSettings") or {}).get("Networks") or {}
    return FoundContainer(
        container_id=str(listed["Id"]),
        owner=read_labels(listed.get("Labels") or {}),
        state=str(listed.get("State") or ""),
        joins=mode.startswith(_JOINS),
        networks=networks,
        ports={
            int(each["PrivatePort"]): int(each["PublicPort"])
            for each in listed.get("Ports") or ()
            if each.get("PublicPort")
        },
    )


def sort_out(found: Sequence[FoundContainer]) -> Findings:
    """Decide what is adopted. Of two replicas with one key the first listed, the newest, wins."""
    groups: dict[tuple[ReplicaKey, str], dict[str, FoundContainer]] = {}
    leftovers: dict[str, None] = {}
    for each in found:
        if each.owner is None or not (each.alive or each.ended):
            leftovers[each.container_id] = None
            continue
        latest = groups.setdefault((each.owner.key, each.owner.uid), {})
        known = latest.get(each.owner.container)
        if known is None or _attempt(known) < each.owner.attempt:
            latest[each.owner.container], each_older = each, known
        else:
            each_older = each
        if each_older is not None:
            leftovers[each_older.container_id] = None
    replicas: dict[ReplicaKey, FoundReplica] = {}
    for (key, uid), containers in groups.items():
        serves = any(each.alive and not _is_init(each) for each in containers.values())
        if serves and key not in replicas:
            replicas[key] = FoundReplica(key, uid, containers)
        else:
            leftovers.update(dict.fromkeys(each.container_id for each in containers.values()))
    return Findings(replicas, tuple(leftovers))


def _attempt(found: FoundContainer) -> int:
    return -1 if found.owner is None else found.owner.attempt


def _is_init(found: FoundContainer) -> bool:
    return found.owner is None or found.owner.init
