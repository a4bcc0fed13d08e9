"""The InferenceService's container over the runtime's."""

from typing import Any

from kfsim.api.core import Container, PodSpec
from kfsim.controllers.inferenceservice.merging import merge_containers, merge_pod_specs


def container(**fields: Any) -> Container:
    return Container.model_validate({"name": "kserve-container", **fields})


def test_the_own_container_wins_and_arguments_are_appended() -> None:
    base = container(
        image="runtime:1",
        args=["--a"],
        env=[{"name": "X", "value": "1"}, {"name": "Y", "value": "1"}],
        resources={"limits": {"cpu": "1", "memory": "2Gi"}, "requests": {"cpu": "1"}},
        securityContext={"runAsUser": 1000, "privileged": False},
        ports=[{"containerPort": 8080}],
    )
    own = container(
        args=["--b"],
        env=[{"name": "Y", "value": "2"}, {"name": "Z", "value": "2"}],
        resources={"limits": {"cpu": "4"}},
        securityContext={"runAsUser": 1},
        ports=[{"containerPort": 8080, "name": "h2c"}, {"containerPort": 9000}],
    )
    merged = merge_containers(base, own)

    assert merged.image == "runtime:1"
    assert merged.args == ("--a", "--b")
    assert [(v.name, v.value) for v in merged.env] == [("X", "1"), ("Y", "2"), ("Z", "2")]
    assert merged.resources is not None
    assert merged.resources.limits == {"cpu": "4", "memory": "2Gi"}
    assert merged.resources.requests == {"cpu": "1"}
    assert merged.security_context == {"runAsUser": 1, "privileged": False}
    assert [(p.container_port, p.name) for p in merged.ports] == [(8080, "h2c"), (9000, None)]


def test_a_command_replaces_the_whole_command() -> None:
    assert merge_containers(container(command=["a", "b"]), container(command=["c"])).command == (
        "c",
    )


def test_pod_fields_merge_and_containers_stay_the_first_ones() -> None:
    base = PodSpec.model_validate(
        {
            "containers": [{"name": "a"}],
            "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory"}}],
            "nodeSelector": {"x": "1"},
        }
    )
    own = PodSpec.model_validate(
        {
            "containers": [{"name": "b"}],
            "volumes": [{"name": "more", "emptyDir": {}}],
            "serviceAccountName": "sa",
            "nodeSelector": {"y": "2"},
        }
    )
    merged = merge_pod_specs(base, own)

    assert [c.name for c in merged.containers] == ["a"]
    assert [v.name for v in merged.volumes] == ["shm", "more"]
    assert merged.service_account_name == "sa"
    assert merged.node_selector == {"x": "1", "y": "2"}
