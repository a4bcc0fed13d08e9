"""From a document to the outcome of each of its fields."""

from typing import Any

import pytest

from kfsim.api import core
from kfsim.api.fidelity.effects import Effect, When
from kfsim.api.fidelity.report import (
    Outcome,
    Remark,
    Surroundings,
    apply_remark,
    classify,
    has_unknown_fields,
    is_below,
    shown,
)
from kfsim.api.kserve import types as kserve
from kfsim.api.kserve.keys import KFSIM_SOURCE, LAST_APPLIED
from kfsim.api.meta import Object

LENIENT = frozenset((When.LENIENT,))
DOCKER = Surroundings({"spec.predictor": frozenset()}, LENIENT)
PROCESS = Surroundings({"spec.predictor": frozenset((When.PROCESS,))}, LENIENT)


def isvc(predictor: dict[str, Any], **annotations: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "iris", "namespace": "default"}
    if annotations:
        metadata["annotations"] = annotations
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": metadata,
        "spec": {"predictor": predictor},
        "status": {"url": "http://iris"},
    }


def effects(
    document: dict[str, Any],
    surroundings: Surroundings = DOCKER,
    *,
    model: type[Object] = kserve.InferenceService,
) -> dict[str, str]:
    return {each.field: str(each.effect) for each in classify(model, document, surroundings)}


MODEL = {"modelFormat": {"name": "sklearn"}, "storageUri": "file:///m"}


def test_what_is_written_is_counted_and_nothing_else() -> None:
    assert effects(isvc({"minReplicas": 0, "model": MODEL}, **{KFSIM_SOURCE: "/x"})) == {
        "spec.predictor.minReplicas": "honoured",
        "spec.predictor.model.modelFormat": "honoured",
        "spec.predictor.model.storageUri": "honoured",
    }


@pytest.mark.parametrize(
    ("predictor", "field", "docker", "process"),
    [
        ({"nodeSelector": {"a": "b"}}, "nodeSelector", "ignored", "ignored"),
        ({"tolerations": [{"key": "a"}]}, "tolerations", "ignored", "ignored"),
        ({"logger": {"mode": "all"}}, "logger", "ignored", "ignored"),
        ({"hostNetwork": False}, "hostNetwork", "honoured", "honoured"),
        ({"hostNetwork": True}, "hostNetwork", "ignored", "ignored"),
        ({"scaleMetric": "rps"}, "scaleMetric", "honoured", "honoured"),
        ({"scaleMetric": "cpu"}, "scaleMetric", "ignored", "ignored"),
        ({"workerSpec": {"size": 2}}, "workerSpec", "refused", "refused"),
        ({"securityContext": {"fsGroup": 1}}, "securityContext", None, "ignored"),
        ({"securityContext": {"fsGroup": 1}}, "securityContext.fsGroup", "honoured", None),
        (
            {"securityContext": {"seLinuxOptions": {}}},
            "securityContext.seLinuxOptions",
            "ignored",
            None,
        ),
        ({"sklearn": {"image": "a/b"}}, "sklearn.image", "honoured", "substituted"),
        (
            {"containers": [{"resources": {"limits": {"cpu": "1"}}}]},
            "containers[0].resources.limits.cpu",
            "honoured",
            "ignored",
        ),
        (
            {"model": {"resources": {"requests": {"memory": "1Gi"}}}},
            "model.resources.requests.memory",
            "ignored",
            "ignored",
        ),
        (
            {"initContainers": [{"restartPolicy": "Always"}]},
            "initContainers[0].restartPolicy",
            "honoured",
            "refused",
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}]},
            "volumes[0].emptyDir.sizeLimit",
            "ignored",
            "ignored",
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}]},
            "volumes[0].emptyDir.sizeLimit",
            "honoured",
            "ignored",
        ),
        (
            {"volumes": [{"name": "v", "csi": {"driver": "d"}}]},
            "volumes[0].csi",
            "refused",
            "refused",
        ),
        (
            {"containers": [{"ports": [{"containerPort": 1, "hostPort": 2}]}]},
            "containers[0].ports[0].hostPort",
            "ignored",
            "ignored",
        ),
        (
            {"containers": [{"readinessProbe": {"httpGet": {"path": "/"}}}]},
            "containers[0].readinessProbe",
            "honoured",
            "honoured",
        ),
    ],
)
def test_a_field_goes_by_what_runs_it(
    predictor: dict[str, Any], field: str, docker: str | None, process: str | None
) -> None:
    path = f"spec.predictor.{field}"
    assert effects(isvc(predictor)).get(path) == docker
    assert effects(isvc(predictor), PROCESS).get(path) == process


def test_each_component_goes_by_its_own_backend() -> None:
    container = {"containers": [{"image": "a/b"}]}
    document = isvc(container)
    document["spec"]["transformer"] = container
    found = effects(document, PROCESS)
    assert found["spec.predictor.containers[0].image"] == "substituted"
    assert found["spec.transformer.containers[0].image"] == "honoured"


@pytest.mark.parametrize(
    ("when", "effect"),
    [(When.FAKE_GPUS, "substituted"), (When.NO_GPUS, "ignored"), (When.ALWAYS, "honoured")],
    ids=["fake", "ignore", "require"],
)
def test_gpus_go_by_the_projects_file(when: When, effect: str) -> None:
    document = isvc({"model": {"resources": {"limits": {"nvidia.com/gpu": 1}}}})
    found = classify(kserve.InferenceService, document, Surroundings({}, frozenset((when,))))
    assert [(each.field, str(each.effect)) for each in found] == [
        ("spec.predictor.model.resources.limits[nvidia.com/gpu]", effect)
    ]


@pytest.mark.parametrize(
    ("key", "value", "effect"),
    [
        ("sidecar.istio.io/inject", "true", "ignored"),
        ("serving.kserve.io/deploymentMode", "RawDeployment", "substituted"),
        ("serving.kserve.io/deploymentMode", "Serverless", "honoured"),
        ("serving.kserve.io/deploymentMode", "ModelMesh", "refused"),
        ("autoscaling.knative.dev/target", "5", "honoured"),
        ("autoscaling.knative.dev/class", "kpa.autoscaling.knative.dev", "honoured"),
        ("autoscaling.knative.dev/class", "hpa.autoscaling.knative.dev", "ignored"),
        ("example.com/owner", "me", "honoured"),
    ],
)
def test_annotations_count_one_by_one(key: str, value: str, effect: str) -> None:
    document = isvc({}, **{key: value, LAST_APPLIED: "{}"})
    assert effects(document) == {f"metadata.annotations[{key}]": effect}


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("mine", {"a": "b"}, {"data": "honoured"}),
        ("config-autoscaler", {"stable-window": "60s"}, {"data": "honoured"}),
        (
            "inferenceservice-config",
            {"deploy": "{}", "router": "{}"},
            {"data.deploy": "honoured", "data.router": "ignored"},
        ),
        (
            "config-network",
            {"domain-template": "x", "ingress-class": "y", "_example": ""},
            {
                "data.domain-template": "honoured",
                "data.ingress-class": "ignored",
                "data._example": "honoured",
            },
        ),
    ],
)
def test_config_maps_of_the_cluster_go_by_what_is_read(
    name: str, data: dict[str, str], expected: dict[str, str]
) -> None:
    document = {"kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    assert effects(document, model=core.ConfigMap) == expected


def test_a_claim_is_a_folder() -> None:
    document = {"metadata": {"name": "models"}, "spec": {"storageClassName": "fast"}}
    (found,) = classify(core.PersistentVolumeClaim, document, DOCKER)
    assert (found.field, found.effect) == ("spec", Effect.SUBSTITUTED)
    assert found.given


WRITTEN = (
    Outcome("spec.predictor.model.image", Effect.HONOURED),
    Outcome("spec.predictor.model.resources.limits.cpu", Effect.HONOURED),
    Outcome("spec.transformer.containers[0].image", Effect.HONOURED),
)


@pytest.mark.parametrize(
    ("prefix", "field", "touched"),
    [
        ("spec.predictor", "image", [0]),
        ("spec.predictor", "resources.limits", [1]),
        ("spec", "image", [0, 2]),
        ("spec.predictor.model.image", "", [0]),
    ],
)
def test_a_remark_changes_the_fields_that_it_is_about(
    prefix: str, field: str, touched: list[int]
) -> None:
    changed = apply_remark(WRITTEN, Remark(prefix, field, Effect.SUBSTITUTED, "why", given="this"))
    assert len(changed) == len(WRITTEN)
    for index, (before, after) in enumerate(zip(WRITTEN, changed, strict=True)):
        if index in touched:
            assert (after.effect, after.why, after.given) == (Effect.SUBSTITUTED, "why", "this")
        else:
            assert after is before


def test_a_remark_about_what_nobody_wrote_is_added_once() -> None:
    remark = Remark("spec.explainer", "image", Effect.SUBSTITUTED, "why", asked="a/b")
    changed = apply_remark(apply_remark(WRITTEN, remark), remark)
    assert changed[:-1] == WRITTEN
    assert changed[-1] == Outcome(
        "spec.explainer", Effect.SUBSTITUTED, "why", asked="a/b", written=False
    )


def test_a_document_of_another_version_is_recognised() -> None:
    other = {"spec": {"default": {"predictor": {}}}}
    assert has_unknown_fields(kserve.InferenceService, other)
    assert not has_unknown_fields(kserve.InferenceService, isvc({}))
    assert not has_unknown_fields(core.ConfigMap, {"data": {}})


@pytest.mark.parametrize(
    ("path", "prefix", "below"),
    [
        ("spec.predictor.model", "spec.predictor", True),
        ("spec.predictor", "spec.predictor", True),
        ("spec.containers[0]", "spec.containers", True),
        ("spec.predictors", "spec.predictor", False),
    ],
)
def test_paths_below_paths(path: str, prefix: str, below: bool) -> None:
    assert is_below(path, prefix) is below


def test_values_are_shown_as_yaml_has_them_and_not_at_length() -> None:
    assert shown(True) == "true"
    assert shown(1) == "1"
    assert shown("x" * 200) == "x" * 79 + "…"


def test_a_node_selector_counts_where_the_host_is_a_node() -> None:
    document = isvc({"nodeSelector": {"disk": "ssd"}})
    strict = Surroundings({"spec.predictor": frozenset()})
    for surroundings, effect in ((DOCKER, "ignored"), (strict, "honoured")):
        found = classify(kserve.InferenceService, document, surroundings)
        assert {o.field: str(o.effect) for o in found}["spec.predictor.nodeSelector"] == effect
