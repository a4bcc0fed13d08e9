"""Stand-in: from a ReplicaSpec to a create request of the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfsim.api.core import Container
from kfsim.backends.expansion import expand, resolve_variables
from kfsim.replicas.backend import ReplicaSpec


@dataclass(frozen=True, slots=True)
class Bind:
    source: str
    target: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class HostSize:
    cpus: float
    memory: int


@dataclass(frozen=True, slots=True)
class Allowances:
    privileged: bool = False
    host_path: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    network: str = ""
    join: str = ""
    dns: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    publish: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    reason: str
    message: str
    warning: bool = True


@dataclass(frozen=True, slots=True)
class CreateRequest:
    body: Mapping[str, Any]
    remarks: tuple[Remark, ...] = ()


def make_create_request(
    spec: ReplicaSpec,
    container: Container,
    *,
    binds: Sequence[Bind],
    placement: Placement,
    labels: Mapping[str, str],
    host: HostSize,
    allow: Allowances,
    image: str,
) -> CreateRequest:
    own = {"PORT": str(spec.serving_port)}
    env = {**own, **resolve_variables(container.env, own)}
    ports = {f"{port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}] for port in placement.publish}
    body: dict[str, Any] = {
        "Image": image,
        "Env": [f"{name}={value}" for name, value in env.items()],
        "Labels": dict(labels),
        "ExposedPorts": {name: {} for name in ports},
        "HostConfig": {
            "Binds": [f"{b.source}:{b.target}:{'ro' if b.read_only else 'rw'}" for b in binds],
            "NetworkMode": f"container:{placement.join}" if placement.join else placement.network,
            "Dns": list(placement.dns),
            "ExtraHosts": list(placement.extra_hosts),
            "PortBindings": ports,
        },
    }
    if container.command:
        body["Entrypoint"] = [expand(each, env) for each in container.command]
    if container.args:
        body["Cmd"] = [expand(each, env) for each in container.args]
    return CreateRequest(body)
