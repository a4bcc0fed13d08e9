"""The children as KServe makes them."""

import re
from typing import Any

import pytest

from kfsim.api.core import PodSpec
from kfsim.api.kserve.types import InferenceService
from kfsim.controllers.inferenceservice.canary import Rollout, make_traffic
from kfsim.controllers.inferenceservice.plan import ComponentPlan
from kfsim.controllers.inferenceservice.resources import (
    make_placeholder,
    make_service,
    make_virtual_service,
)

PREFIX = "autoscaling.knative.dev/"


def isvc(predictor: dict[str, Any] | None = None, **annotations: str) -> InferenceService:
    return InferenceService.model_validate(
        {
            "metadata": {
                "name": "iris",
                "namespace": "ns",
                "uid": "u",
                "labels": {"networking.knative.dev/visibility": "cluster-local"},
                "annotations": annotations,
            },
            "spec": {"predictor": predictor or {}},
        }
    )


def service(predictor: dict[str, Any], **annotations: str) -> Any:
    owner = isvc(predictor)
    plan = ComponentPlan(
        component="predictor",
        spec=owner.spec.predictor,
        pod_spec=PodSpec.model_validate({"containers": [{"name": "c"}]}),
        labels={"component": "predictor"},
        annotations=annotations,
    )
    return make_service(owner, plan, make_traffic(None, Rollout(), tag_routing=False))


@pytest.mark.parametrize(
    ("predictor", "expected"),
    [
        ({}, {"class": "kpa.autoscaling.knative.dev", "min-scale": "1"}),
        (
            {"minReplicas": 0, "maxReplicas": 4},
            {"class": "kpa.autoscaling.knative.dev", "min-scale": "0", "max-scale": "4"},
        ),
        (
            {"scaleMetric": "rps", "scaleTarget": 50},
            {
                "class": "kpa.autoscaling.knative.dev",
                "min-scale": "1",
                "metric": "rps",
                "target": "50",
            },
        ),
    ],
    ids=["defaults", "bounds", "metric"],
)
def test_scaling_annotations(predictor: dict[str, Any], expected: dict[str, str]) -> None:
    annotations = service(predictor).spec.template.metadata.annotations

    assert {key.removeprefix(PREFIX): value for key, value in annotations.items()} == expected


def test_a_given_class_stays_and_the_rollout_duration_moves_to_the_service() -> None:
    given = {PREFIX + "class": "hpa", "serving.knative.dev/rollout-duration": "60s"}
    made = service({}, **given)

    assert made.metadata.annotations == {"serving.knative.dev/rollout-duration": "60s"}
    assert made.spec.template.metadata.annotations == {
        PREFIX + "class": "hpa",
        PREFIX + "min-scale": "1",
    }


def test_timeout_and_concurrency_go_to_the_revision() -> None:
    spec = service({"timeout": 30, "containerConcurrency": 4}).spec.template.spec

    assert (spec.timeout_seconds, spec.response_start_timeout_seconds) == (30, 30)
    assert spec.container_concurrency == 4


def test_the_service_carries_the_visibility_label() -> None:
    made = service({})

    assert made.metadata.labels["networking.knative.dev/visibility"] == "cluster-local"
    assert made.metadata.owner_references[0].uid == "u"


def test_the_virtual_service_sends_all_hosts_to_the_backend() -> None:
    made = make_virtual_service(
        isvc(), external_host="iris.ns.localhost", backend="iris-predictor", explainer=None
    )
    (route,) = made.spec.http

    assert made.spec.hosts == ("iris.ns.svc.cluster.local", "iris.ns.localhost")
    assert route.rewrite is not None
    assert route.rewrite.authority == "iris-predictor.ns.svc.cluster.local"
    assert route.headers == {
        "request": {"set": {"KServe-Isvc-Name": "iris", "KServe-Isvc-Namespace": "ns"}}
    }


@pytest.mark.parametrize(
    ("host", "matches"),
    [
        ("iris.ns.svc.cluster.local", True),
        ("iris.ns.svc:8080", True),
        ("iris.ns", True),
        ("iris.ns.localhost:8080", True),
        ("irisxns.localhost", False),
        ("other.ns.localhost", False),
    ],
)
def test_host_patterns(host: str, matches: bool) -> None:
    made = make_virtual_service(
        isvc(), external_host="iris.ns.localhost", backend="b", explainer=None
    )
    patterns = [m.authority.regex or "" for m in made.spec.http[0].match if m.authority]

    assert any(re.search(pattern, host) for pattern in patterns) is matches


def test_explanations_go_to_the_explainer_first() -> None:
    made = make_virtual_service(isvc(), external_host=None, backend="b", explainer="iris-explainer")
    explain, rest = made.spec.http

    assert explain.match[0].uri is not None
    assert re.match(explain.match[0].uri.regex or "", "/v1/models/iris:explain")
    assert explain.rewrite is not None
    assert explain.rewrite.authority == "iris-explainer.ns.svc.cluster.local"
    assert rest.match[0].uri is None
    assert made.spec.hosts == ("iris.ns.svc.cluster.local",)


def test_the_placeholder_leads_to_the_local_gateway() -> None:
    made = make_placeholder(isvc())

    assert made.spec.type == "ExternalName"
    assert made.spec.external_name == "knative-local-gateway.istio-system.svc.cluster.local"
