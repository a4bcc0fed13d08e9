"""Host, URL and the order in which components are waited for."""

from typing import Any

import pytest

from kfsim.api.kserve.types import ComponentStatus, InferenceService
from kfsim.controllers.inferenceservice.ingress import (
    IngressConfig,
    components_of,
    external_host,
    first_not_ready,
    mark_ingress,
    service_url,
)
from kfsim.controllers.inferenceservice.status import CONDITIONS

CONFIG = IngressConfig(domain="localhost", gateway_port=lambda: 8080)
CUSTOM: dict[str, Any] = {"containers": [{"name": "c"}]}


def isvc(name: str = "iris", labels: dict[str, str] | None = None, **spec: Any) -> InferenceService:
    return InferenceService.model_validate(
        {"metadata": {"name": name, "namespace": "ns", "labels": labels or {}}, "spec": spec}
    )


@pytest.mark.parametrize(
    ("owner", "url", "host"),
    [
        (isvc(), None, "iris.ns.localhost"),
        (isvc(), "http://iris-predictor.ns.example.com:8080", "iris.ns.example.com"),
        (isvc("a-predictor"), "http://a-predictor-predictor.ns.x", "a-predictor.ns.x"),
        (isvc(), "http://iris-predictor.ns.svc.cluster.local", None),
        (isvc(), "http://iris-predictor-ns.example.com:8080", "iris-ns.example.com"),
        (isvc(labels={"networking.kserve.io/visibility": "cluster-local"}), None, None),
    ],
    ids=[
        "default",
        "config-domain",
        "predictor-in-the-name",
        "cluster-domain",
        "domain-template",
        "labelled",
    ],
)
def test_external_host(owner: InferenceService, url: str | None, host: str | None) -> None:
    assert external_host(owner, {"predictor": ComponentStatus(url=url)}, CONFIG) == host


def test_url() -> None:
    plain = IngressConfig(domain="localhost", gateway_port=lambda: 80)

    assert service_url("h", isvc(), CONFIG) == "http://h:8080"
    assert service_url("h", isvc(), plain) == "http://h"
    assert service_url(None, isvc(), CONFIG) == "http://iris.ns.svc.cluster.local"


def test_components_are_waited_for_in_order() -> None:
    owner = isvc(transformer=CUSTOM, explainer=CUSTOM)
    manager = CONDITIONS.manager((), wall="t")

    assert components_of(owner) == ("predictor", "transformer", "explainer")
    assert first_not_ready(manager, owner) == "predictor"
    manager.mark_true("PredictorReady")
    assert first_not_ready(manager, owner) == "transformer"
    manager.mark_true("TransformerReady")
    manager.mark_true("ExplainerReady")
    assert first_not_ready(manager, owner) is None


@pytest.mark.parametrize(
    ("routed", "failed", "status", "reason"),
    [
        (True, True, "True", None),
        (False, True, "False", "Predictor ingress not created"),
        (False, False, "Unknown", "Predictor ingress not created"),
    ],
)
def test_ingress_ready(routed: bool, failed: bool, status: str, reason: str | None) -> None:
    manager = CONDITIONS.manager((), wall="t")
    if failed:
        manager.mark_false("PredictorReady", "X", "x")
    mark_ingress(manager, isvc(), routed=routed, waiting_for="predictor")
    found = manager.get("IngressReady")

    assert found is not None
    assert (found.status, found.reason) == (status, reason)
