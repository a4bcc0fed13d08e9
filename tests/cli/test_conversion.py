"""Old manifests in today's form, and back."""

import json
from typing import Any

import pytest

from kfsim.api.compat import Compat
from kfsim.api.kserve.v1alpha2_conversion import V1ALPHA2, V1BETA1, from_v1beta1
from kfsim.base.errors import KfsimError
from kfsim.cli.conversion import OLD_V1BETA1, convert_document
from kfsim.cli.manifests import Manifest
from kfsim.cli.validation import check_manifests

SKLEARN = {"predictor": {"sklearn": {"storageUri": "gs://b/1"}}}
CANARY = {"predictor": {"sklearn": {"storageUri": "gs://b/2"}}}
CUSTOM = {"custom": {"container": {"name": "kfserving-container", "image": "me/mine:1"}}}


def make(api_version: str, spec: Any, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": "InferenceService",
        "metadata": {"name": "iris", **metadata},
        "spec": spec,
    }


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param(SKLEARN, id="framework"),
        pytest.param({**SKLEARN, "transformer": CUSTOM}, id="transformer"),
        pytest.param({"predictor": {**CUSTOM, "parallelism": 2, "minReplicas": 0}}, id="custom"),
    ],
)
@pytest.mark.parametrize("target", Compat)
def test_what_comes_out_validates_and_goes_back(endpoint: dict[str, Any], target: Compat) -> None:
    old = make(V1ALPHA2, {"default": endpoint}, labels={"a": "b"})
    made = convert_document(old, target=target)
    assert made.document["apiVersion"] == (V1BETA1 if target is Compat.KSERVE else OLD_V1BETA1)
    assert (made.canary, made.notes) == (None, ())
    (checked,) = check_manifests([Manifest(made.document, "")], namespace="default")
    assert not checked.problems
    back = json.dumps(from_v1beta1(made.document)).replace("kserve-cont", "kfserving-cont")
    assert json.loads(back) == old


def test_a_canary_is_a_second_document_with_its_share() -> None:
    old = make(V1ALPHA2, {"default": SKLEARN, "canary": CANARY, "canaryTrafficPercent": 20})
    made = convert_document(old)
    assert made.document == make(V1BETA1, SKLEARN)
    predictor = {**CANARY["predictor"], "canaryTrafficPercent": 20}
    assert made.canary == make(V1BETA1, {"predictor": predictor})


def test_a_canary_without_percent_gets_no_traffic() -> None:
    made = convert_document(make(V1ALPHA2, {"default": SKLEARN, "canary": CANARY}))
    assert made.canary is not None
    assert made.canary["spec"]["predictor"]["canaryTrafficPercent"] == 0


def test_the_old_group_becomes_the_new_one() -> None:
    annotations = {"serving.kubeflow.org/enable-tag-routing": "true", "mine/x": "y"}
    containers = [{"name": "kfserving-container", "image": "a:1"}, {"name": "side", "image": "b:1"}]
    old = make(OLD_V1BETA1, {"predictor": {"containers": containers}}, annotations=annotations)
    before = json.dumps(old)
    made = convert_document(old).document
    assert made["apiVersion"] == V1BETA1
    assert made["metadata"]["annotations"] == {
        "serving.kserve.io/enable-tag-routing": "true",
        "mine/x": "y",
    }
    assert [each["name"] for each in made["spec"]["predictor"]["containers"]] == [
        "kserve-container",
        "side",
    ]
    assert json.dumps(old) == before
    assert convert_document(old, target=Compat.KFSERVING).document == old


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(make(V1BETA1, SKLEARN), id="current"),
        pytest.param({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}, id="kind"),
    ],
)
def test_other_documents_stay_as_they_are(document: dict[str, Any]) -> None:
    assert convert_document(document).document is document


@pytest.mark.parametrize(
    ("document", "note"),
    [
        (
            make(V1ALPHA2, {"default": {**SKLEARN, "explainer": {"alibi": {"type": "A"}}}}),
            "spec.explainer.alibi has no equivalent",
        ),
        (
            make(OLD_V1BETA1, {"predictor": {"pytorch": {"modelClassName": "Net"}}}),
            "spec.predictor.pytorch.modelClassName has no equivalent",
        ),
        (
            make(V1ALPHA2, {"default": {"predictor": {"xgboost": {"nthread": 4}}}}),
            "write args: [--nthread=4] below xgboost",
        ),
        (
            make(V1ALPHA2, {"default": SKLEARN, "canaryTrafficPercent": 0}),
            "canaryTrafficPercent 0 is left out",
        ),
        (
            make(V1ALPHA2, {"default": SKLEARN, "canary": {**CANARY, "transformer": CUSTOM}}),
            "a new transformer may meet the old predictor",
        ),
    ],
)
def test_notes_say_what_is_lost(document: dict[str, Any], note: str) -> None:
    (said,) = convert_document(document).notes
    assert note in said


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({}, r"spec\.default: Required value"),
        ({"default": {"predictor": {"timeout": 3}}}, "unknown field"),
        (None, "spec"),
    ],
)
def test_what_is_no_v1alpha2_is_refused(spec: Any, problem: str) -> None:
    with pytest.raises(KfsimError, match=problem):
        convert_document(make(V1ALPHA2, spec))
