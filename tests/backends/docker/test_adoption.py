"""Which containers of an earlier daemon are adopted, and which are removed."""

from collections.abc import Sequence
from typing import Any

import pytest

from kfsim.backends.docker.adoption import FoundContainer, list_containers, sort_out
from kfsim.backends.docker.labels import Owner
from kfsim.base.types import ReplicaKey


def found(
    identity: str,
    *,
    state: str = "running",
    pod: str = "p1",
    uid: str = "u1",
    container: str = "server",
    attempt: int = 0,
    init: bool = False,
    labelled: bool = True,
) -> FoundContainer:
    owner = Owner(ReplicaKey("default", pod), uid, container, attempt, init)
    return FoundContainer(identity, owner if labelled else None, state, False, {}, {})


@pytest.mark.parametrize(
    ("containers", "adopted", "removed"),
    [
        pytest.param([found("a")], {"p1": ["a"]}, [], id="running"),
        pytest.param([found("a", state="paused")], {"p1": ["a"]}, [], id="paused"),
        pytest.param([found("a", state="exited")], {}, ["a"], id="ended"),
        pytest.param([found("a", state="created")], {}, ["a"], id="only-created"),
        pytest.param([found("a", labelled=False)], {}, ["a"], id="broken-labels"),
        pytest.param(
            [found("a"), found("b", container="sidecar", state="exited")],
            {"p1": ["a", "b"]},
            [],
            id="one-of-two-ended",
        ),
        pytest.param(
            [found("a"), found("b", container="sidecar", state="created")],
            {"p1": ["a"]},
            ["b"],
            id="one-of-two-never-started",
        ),
        pytest.param(
            [found("a", attempt=1), found("b", state="exited")], {"p1": ["a"]}, ["b"], id="older"
        ),
        pytest.param(
            [found("b", state="exited"), found("a", attempt=1)],
            {"p1": ["a"]},
            ["b"],
            id="older-listed-first",
        ),
        pytest.param([found("a", init=True)], {}, ["a"], id="init-phase"),
        pytest.param(
            [found("new", uid="u2"), found("old", uid="u1")],
            {"p1": ["new"]},
            ["old"],
            id="two-lives-of-a-name",
        ),
        pytest.param(
            [found("a"), found("b", pod="p2")], {"p1": ["a"], "p2": ["b"]}, [], id="two-pods"
        ),
    ],
)
def test_running_replicas_are_adopted_and_the_rest_is_removed(
    containers: Sequence[FoundContainer], adopted: dict[str, list[str]], removed: list[str]
) -> None:
    findings = sort_out(containers)
    assert {
        key.name: [each.container_id for each in replica.containers.values()]
        for key, replica in findings.replicas.items()
    } == adopted
    assert list(findings.leftovers) == removed


class Listing:
    def containers(self, **asked: Any) -> list[dict[str, Any]]:
        assert asked == {"all": True, "filters": {"label": ["kfsim.dev/state=demo"]}}
        labels = {
            "kfsim.dev/namespace": "default",
            "kfsim.dev/pod": "p1",
            "kfsim.dev/uid": "u1",
            "kfsim.dev/container": "server",
            "kfsim.dev/attempt": "2",
            "kfsim.dev/devices": "GPU-1,GPU-2",
        }
        network = {"kfsim-demo": {"IPAddress": "172.20.0.2"}}
        owner = {
            "Id": "a",
            "Labels": labels,
            "State": "running",
            "HostConfig": {"NetworkMode": "kfsim-demo"},
            "NetworkSettings": {"Networks": network},
            "Ports": [
                {"PrivatePort": 8080, "PublicPort": 49153, "IP": "127.0.0.1", "Type": "tcp"},
                {"PrivatePort": 9090, "Type": "tcp"},
            ],
        }
        joined = {"Id": "b", "Labels": None, "HostConfig": {"NetworkMode": "container:a"}}
        return [owner, joined]


def test_the_engines_list_is_read() -> None:
    owner, joined = list_containers(Listing(), "demo")
    assert owner.owner is not None
    assert (owner.owner.attempt, owner.joins, owner.ports) == (2, False, {8080: 49153})
    assert owner.networks["kfsim-demo"]["IPAddress"] == "172.20.0.2"
    assert (joined.owner, joined.joins, joined.alive) == (None, True, False)
    replica = sort_out([owner]).replicas[ReplicaKey("default", "p1")]
    assert replica.devices == {"server": ("GPU-1", "GPU-2")}
