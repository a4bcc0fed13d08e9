"""Pods and their replicas, as small as a test wants them."""

from collections.abc import Mapping
from typing import Any

from kfsim.api.core import Container, Pod, PodSpec, Volume
from kfsim.api.meta import ObjectMeta
from kfsim.backends.docker.bodies import (
    Allowances,
    Bind,
    CreateRequest,
    HostSize,
    Placement,
    make_create_request,
)
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.replicas.backend import ReplicaSpec

IMAGE = "kfsim-test/base:1"
HOST = HostSize(cpus=2.0, memory=4 * 2**30)


def make_pod(
    *containers: Container, volumes: tuple[Volume, ...] = (), name: str = "pod", **fields: Any
) -> Pod:
    return Pod(
        metadata=ObjectMeta(name=name, namespace="ns", uid="uid-1"),
        spec=PodSpec(containers=containers or (Container(name="c"),), volumes=volumes, **fields),
    )


def make_spec(
    pod: Pod,
    *,
    files: Mapping[str, Mapping[str, bytes]] | None = None,
    devices: Mapping[str, tuple[str, ...]] | None = None,
) -> ReplicaSpec:
    return ReplicaSpec(
        key=ReplicaKey("ns", pod.metadata.name),
        uid="uid-1",
        revision=RevisionKey("ns", "rev"),
        pod=pod,
        serving_container=pod.spec.containers[0].name,
        serving_port=8080,
        files=files or {},
        devices=devices or {},
    )


def request(
    spec: ReplicaSpec,
    container: Container | None = None,
    *,
    binds: tuple[Bind, ...] = (),
    placement: Placement | None = None,
    allow: Allowances | None = None,
    host: HostSize = HOST,
    image: str = IMAGE,
    image_user: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> CreateRequest:
    return make_create_request(
        spec,
        container or spec.pod.spec.containers[0],
        binds=binds,
        placement=placement or Placement(network="bridge"),
        labels=labels or {},
        host=host,
        allow=allow or Allowances(),
        image=image,
        image_user=image_user,
    )
