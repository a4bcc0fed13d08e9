"""The values that the creation of a container is made of.

They pass between what decides about a container (bodies, limits, security, volumes) and what
drives the engine, and know neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of this host, and where the container sees it."""

    source: str
    target: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class HostSize:
    """What the engine's host has; memory in bytes."""

    cpus: float
    memory: int


@dataclass(frozen=True, slots=True)
class Allowances:
    """What a Pod may do that reaches out of its container; off unless the user says so."""

    privileged: bool = False
    host_path: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a container stands in its Pod's network.

    The first container owns the Pod's network namespace and has `network`, names and published
    ports; the others have `join`, the id of that container, and share all of it.
    """

    network: str = ""
    join: str = ""
    dns: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    publish: tuple[int, ...] = ()
    """containerPorts that get any free port of 127.0.0.1."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a user should hear of although nothing fails; becomes an Event of the Pod."""

    reason: str
    message: str
    warning: bool = True


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """The body of `POST /containers/create` (Engine API 1.41)."""

    body: Mapping[str, Any]
    remarks: tuple[Remark, ...] = ()
