"""Labels name whose a container is, and are read back."""

from dataclasses import replace

from kfsim.api.core import Container
from kfsim.backends.docker.labels import (
    Owner,
    container_name,
    make_labels,
    network_name,
    read_labels,
    state_filter,
)
from kfsim.base.types import ReplicaKey
from tests.backends.support import make_spec

SPEC = replace(
    make_spec(Container(name="server"), init=[Container(name="init")]),
    devices={"server": ("GPU-1", "GPU-2")},
)


def test_labels_say_whose_a_container_is() -> None:
    labels = make_labels(SPEC, "server", attempt=3, state="demo-1234")
    assert labels["kfsim.dev/state"] == "demo-1234"
    assert labels["kfsim.dev/namespace"] == "default"
    assert labels["kfsim.dev/pod"] == "iris-1"
    assert labels["kfsim.dev/revision"] == "iris-00001"
    assert read_labels(labels) == Owner(
        key=ReplicaKey("default", "iris-1"),
        uid="uid-iris-1",
        container="server",
        attempt=3,
        devices=("GPU-1", "GPU-2"),
    )
    found = read_labels(make_labels(SPEC, "init", attempt=0, state="demo"))
    assert found is not None
    assert (found.init, found.devices) == (True, ())


def test_broken_labels_are_nobodys() -> None:
    labels = make_labels(SPEC, "server", attempt=0, state="demo")
    assert read_labels({}) is None
    assert read_labels({**labels, "kfsim.dev/attempt": "first"}) is None
    assert read_labels({key: value for key, value in labels.items() if "uid" not in key}) is None


def test_names_are_the_projects_own() -> None:
    assert container_name(SPEC, "server", attempt=2, state="demo") == (
        "kfsim_demo_default_iris-1_server_2"
    )
    assert network_name("demo") == "kfsim-demo"
    assert state_filter("demo") == {"label": ["kfsim.dev/state=demo"]}
