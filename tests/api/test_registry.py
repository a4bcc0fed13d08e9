import pytest

from kfsim.api.kserve.types import InferenceService
from kfsim.api.registry import KindRegistry, is_simulated_group
from tests.api.test_definitions import establish, make


def definition(name: str = "widgets.example.com", **changes):
    document = establish(make(**changes)).model_dump(by_alias=True)
    return {**document, "metadata": {"name": name}}


def test_a_definition_is_served_until_it_is_forgotten() -> None:
    kinds = KindRegistry()
    assert kinds.find_kind("example.com/v1", "Widget") is None
    kinds.define(definition())
    found = kinds.find_kind("example.com/v2", "Widget")
    assert found is not None
    assert found is kinds.find_resource("example.com/v1", "widgets")
    assert not found.simulated
    assert "Widget" in [each.kind for each in kinds.all()]
    assert kinds.forget("widgets.example.com") == found
    assert kinds.find_resource("example.com/v1", "widgets") is None
    assert "Widget" not in [each.kind for each in kinds.all()]


def test_another_store_does_not_know_it() -> None:
    KindRegistry().define(definition())
    assert KindRegistry().find_kind("example.com/v1", "Widget") is None


def test_a_definition_of_a_kind_that_kfsim_serves_changes_nothing() -> None:
    kinds = KindRegistry()
    before = [(each.kind, each.served) for each in kinds.all()]
    names = {"plural": "inferenceservices", "kind": "InferenceService"}
    kinds.define(definition("isvcs", group="serving.kserve.io", names=names))
    assert [(each.kind, each.served) for each in kinds.all()] == before
    found = kinds.find_kind("serving.kserve.io/v1beta1", "InferenceService")
    assert found is not None
    assert found.model is InferenceService
    assert kinds.forget("isvcs") is None


def test_a_definition_of_a_kept_kind_adds_its_versions() -> None:
    kinds = KindRegistry()
    names = {"plural": "servicemonitors", "kind": "ServiceMonitor"}
    kinds.define(definition("sm", group="monitoring.coreos.com", names=names))
    found = kinds.find_kind("monitoring.coreos.com/v2", "ServiceMonitor")
    assert found is not None
    assert found.api_version == "monitoring.coreos.com/v1"
    assert found.namespaced
    assert [each.kind for each in kinds.all()].count("ServiceMonitor") == 1
    kinds.forget("sm")
    assert kinds.find_kind("monitoring.coreos.com/v2", "ServiceMonitor") is None
    assert kinds.find_kind("monitoring.coreos.com/v1", "ServiceMonitor") is not None


def test_kubernetes_own_groups_come_first() -> None:
    """`kubectl get ingress` takes the first of that name."""
    groups = [each.group for each in KindRegistry().all() if each.plural == "ingresses"]
    assert groups == ["networking.k8s.io", "networking.internal.knative.dev"]


@pytest.mark.parametrize(
    ("group", "simulated"),
    [
        ("", True),
        ("apps", True),
        ("serving.kubeflow.org", True),
        ("networking.istio.io", True),
        ("monitoring.coreos.com", False),
        ("batch", False),
        ("example.com", False),
    ],
)
def test_groups_in_which_kfsim_acts(group: str, simulated: bool) -> None:
    assert is_simulated_group(group) is simulated
