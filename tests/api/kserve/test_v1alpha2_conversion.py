"""v1alpha2 objects as v1beta1 and back."""

import json
from typing import Any

import pytest

from kfsim.api.admission import admit
from kfsim.api.creation import make_object
from kfsim.api.decoding import FieldValidation, UnknownFields, decode
from kfsim.api.kserve.types import InferenceService
from kfsim.api.kserve.v1alpha2_conversion import V1ALPHA2, V1BETA1, from_v1beta1, to_v1beta1
from kfsim.api.scheme import kind_of
from kfsim.base.errors import Forbidden, Invalid

CONTAINER = {"name": "mine", "image": "me/mine:1", "env": [{"name": "A", "value": "b"}]}
SKLEARN = {"predictor": {"sklearn": {"storageUri": "gs://b/iris"}}}
ENDPOINTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("framework", SKLEARN, SKLEARN),
    (
        "all settings",
        {
            "predictor": {
                "xgboost": {
                    "storageUri": "gs://b/x",
                    "runtimeVersion": "0.5",
                    "resources": {"limits": {"cpu": "2"}},
                },
                "minReplicas": 0,
                "maxReplicas": 3,
                "parallelism": 4,
                "serviceAccountName": "sa",
                "logger": {"url": "http://log", "mode": "all"},
                "batcher": {"maxBatchSize": 8, "maxLatency": 100, "timeout": 60},
            }
        },
        {
            "predictor": {
                "xgboost": {
                    "storageUri": "gs://b/x",
                    "runtimeVersion": "0.5",
                    "resources": {"limits": {"cpu": "2"}},
                },
                "minReplicas": 0,
                "maxReplicas": 3,
                "containerConcurrency": 4,
                "serviceAccountName": "sa",
                "logger": {"url": "http://log", "mode": "all"},
                "batcher": {"maxBatchSize": 8, "maxLatency": 100, "timeout": 60},
            }
        },
    ),
    (
        "pytorch class",
        {"predictor": {"pytorch": {"storageUri": "gs://b/p", "modelClassName": "Net"}}},
        {"predictor": {"pytorch": {"storageUri": "gs://b/p", "modelClassName": "Net"}}},
    ),
    (
        "custom containers",
        {
            "predictor": {"custom": {"container": CONTAINER}},
            "transformer": {"custom": {"container": CONTAINER}, "minReplicas": 2},
        },
        {
            "predictor": {"containers": [CONTAINER]},
            "transformer": {"containers": [CONTAINER], "minReplicas": 2},
        },
    ),
    (
        "explainer",
        {**SKLEARN, "explainer": {"alibi": {"type": "AnchorTabular", "config": {"a": "b"}}}},
        {**SKLEARN, "explainer": {"alibi": {"type": "AnchorTabular", "config": {"a": "b"}}}},
    ),
]


def old(endpoint: Any, **spec: Any) -> dict[str, Any]:
    metadata = {"name": "iris", "namespace": "ns", "labels": {"a": "b"}}
    return {
        "apiVersion": V1ALPHA2,
        "kind": "InferenceService",
        "metadata": metadata,
        "spec": {"default": endpoint, **spec},
    }


def new(spec: Any, **more: Any) -> dict[str, Any]:
    return {**old({}), "apiVersion": V1BETA1, "spec": spec, **more}


@pytest.mark.parametrize(
    ("endpoint", "spec"), [row[1:] for row in ENDPOINTS], ids=[row[0] for row in ENDPOINTS]
)
def test_the_default_endpoint_is_the_spec_and_comes_back_unchanged(
    endpoint: dict[str, Any], spec: dict[str, Any]
) -> None:
    converted = to_v1beta1(old(endpoint), None)
    assert converted == new(spec)
    assert from_v1beta1(converted) == old(endpoint)


def test_what_the_api_stores_comes_back_as_the_same_framework_block() -> None:
    stored = json.loads(store(old(SKLEARN)).encode())
    assert "model" in stored["spec"]["predictor"]
    assert from_v1beta1(stored)["spec"] == {"default": SKLEARN}


def store(document: dict[str, Any]) -> InferenceService:
    made = make_object(
        kind_of(InferenceService),
        V1ALPHA2,
        "ns",
        document,
        validation=FieldValidation.STRICT,
        admission=admit,
    ).obj
    assert isinstance(made, InferenceService)
    return made


def test_parallelism_zero_is_unset() -> None:
    endpoint = {"predictor": {**SKLEARN["predictor"], "parallelism": 0}}
    assert "containerConcurrency" not in to_v1beta1(old(endpoint), None)["spec"]["predictor"]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"canaryTrafficPercent": 0}, id="zero percent"),
        pytest.param({"canaryTrafficPercent": 20, "canary": SKLEARN}, id="a canary"),
        pytest.param({"canary": SKLEARN}, id="a canary without traffic"),
    ],
)
def test_any_canary_is_refused_with_the_way_out(spec: dict[str, Any]) -> None:
    with pytest.raises(Forbidden) as refused:
        store(old(SKLEARN, **spec))
    assert refused.value.message.startswith(
        'admission webhook "inferenceservice.kfserving-webhook-server.validator" denied the '
        "request: Canary rollout is no longer supported on v1alpha2, please convert to v1beta1"
    )
    assert "kfsim convert -f FILE" in refused.value.message


@pytest.mark.parametrize(
    ("stored", "endpoint", "expected"),
    [
        pytest.param(
            {"predictor": {"model": {"modelFormat": {"name": "sklearn", "version": "1"},
                                     "protocolVersion": "v2", "storageUri": "gs://b/1"},
                           "timeout": 7}},
            {"predictor": {"sklearn": {"storageUri": "gs://b/2"}, "minReplicas": 2}},
            {"predictor": {"model": {"modelFormat": {"name": "sklearn", "version": "1"},
                                     "protocolVersion": "v2", "storageUri": "gs://b/2"},
                           "timeout": 7, "minReplicas": 2}},
            id="model form",
        ),
        pytest.param(
            {"predictor": {"model": {"modelFormat": {"name": "sklearn"}}, "timeout": 7}},
            {"predictor": {"xgboost": {"storageUri": "gs://b/2"}}},
            {"predictor": {"xgboost": {"storageUri": "gs://b/2"}, "timeout": 7}},
            id="another framework",
        ),
        pytest.param(
            {"predictor": {"model": {"modelFormat": {"name": "huggingface"}}}},
            {"predictor": {"maxReplicas": 2}},
            {"predictor": {"model": {"modelFormat": {"name": "huggingface"}}, "maxReplicas": 2}},
            id="a format that v1alpha2 does not know",
        ),
        pytest.param(
            {"predictor": {"containers": [CONTAINER, {"name": "side"}]}},
            {"predictor": {"custom": {"container": {**CONTAINER, "image": "me/mine:2"}}}},
            {"predictor": {"containers": [{**CONTAINER, "image": "me/mine:2"}, {"name": "side"}]}},
            id="a second container",
        ),
        pytest.param(
            {**SKLEARN, "transformer": {"containers": [CONTAINER], "timeout": 3}},
            SKLEARN,
            SKLEARN,
            id="a component removed",
        ),
    ],
)  # fmt: skip
def test_an_update_keeps_what_v1alpha2_cannot_say(
    stored: dict[str, Any], endpoint: dict[str, Any], expected: dict[str, Any]
) -> None:
    status = {"url": "http://iris"}
    converted = to_v1beta1(old(endpoint), new(stored, status=status))
    assert converted == new(expected, status=status)


def test_the_status_names_the_revision_under_default() -> None:
    conditions = [{"type": "Ready", "status": "True"}]
    component = {
        "latestCreatedRevision": "iris-predictor-00001",
        "url": "http://iris-predictor.ns.localhost:8080",
        "traffic": [{"revisionName": "iris-predictor-00001", "percent": 100,
                     "latestRevision": True}],
    }  # fmt: skip
    status = {
        "conditions": conditions,
        "observedGeneration": 3,
        "url": "http://iris.ns.localhost:8080",
        "address": {"url": "http://iris.ns.svc.cluster.local"},
        "components": {"predictor": component},
        "modelStatus": {"transitionStatus": "UpToDate"},
    }
    assert from_v1beta1(new(SKLEARN, status=status))["status"] == {
        "conditions": conditions,
        "url": "http://iris.ns.localhost:8080",
        "address": {"url": "http://iris.ns.svc.cluster.local"},
        "traffic": 100,
        "default": {
            "predictor": {
                "name": "iris-predictor-00001",
                "host": "iris-predictor.ns.localhost:8080",
            }
        },
    }


def test_a_canary_made_through_v1beta1_shows_on_both_sides() -> None:
    component = {
        "latestCreatedRevision": "iris-predictor-00002",
        "traffic": [
            {"revisionName": "iris-predictor-00002", "percent": 20, "latestRevision": True},
            {"revisionName": "iris-predictor-00001", "percent": 80, "latestRevision": False,
             "tag": "prev"},
        ],
    }  # fmt: skip
    predictor = {**SKLEARN["predictor"], "canaryTrafficPercent": 20}
    shown = from_v1beta1(
        new({"predictor": predictor}, status={"components": {"predictor": component}})
    )
    assert shown["spec"]["canaryTrafficPercent"] == 20
    assert shown["status"] == {
        "traffic": 80,
        "canaryTraffic": 20,
        "default": {"predictor": {"name": "iris-predictor-00001"}},
        "canary": {"predictor": {"name": "iris-predictor-00002"}},
    }


def test_fields_are_checked_as_v1alpha2_has_them() -> None:
    endpoint = {"predictor": {"sklearn": {"storageUri": "x"}, "timeout": 3}}
    with pytest.raises(UnknownFields) as refused:
        store(old(endpoint))
    assert refused.value.paths == ("spec.default.predictor.timeout",)
    with pytest.raises(Invalid, match=r"spec\.default: Required value"):
        store({**old({}), "spec": {}})


def test_unknown_fields_warn_by_their_own_paths() -> None:
    endpoint = {"predictor": {"sklearn": {"storageUri": "x"}, "timeout": 3}}
    decoded = decode(kind_of(InferenceService), V1ALPHA2, old(endpoint), FieldValidation.WARN)
    assert decoded.warnings == ('unknown field "spec.default.predictor.timeout"',)
    assert isinstance(decoded.obj, InferenceService)
    assert decoded.obj.api_version == V1BETA1


def test_two_frameworks_at_once_are_refused_by_the_webhook() -> None:
    with pytest.raises(Forbidden, match="exactly one of"):
        store(old({"predictor": {"sklearn": {"storageUri": "x"}, "pmml": {"storageUri": "y"}}}))
