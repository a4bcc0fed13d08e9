"""storageUri, storageUris and confidential, in the webhook's words."""

from typing import Any

import pytest

from kfsim.api.kserve.validation import validate_inference_service
from tests.api.kserve.test_validation import custom, isvc, model

CONTAINER = {"name": "kserve-container", "image": "i"}
WITH_URI = custom("kserve-container", "STORAGE_URI", "gs://a")
BOTH = "Setting both StorageURI and StorageURIs is not supported."


def messages(*arguments: Any, **spec: Any) -> list[str]:
    causes = validate_inference_service(isvc(*arguments, **spec), None)
    return [cause.message for cause in causes]


def entry(uri: str = "gs://a", path: str = "/mnt/a") -> dict[str, str]:
    return {"uri": uri, "mountPath": path}


@pytest.mark.parametrize(
    ("storage", "text"),
    [
        ([entry(uri="")], "storage URI cannot be empty"),
        ([entry(path="/")], "storage path cannot be empty"),
        ([entry(path="rel")], "storage path must be absolute: rel"),
        ([entry(path="/a/../b")], "storage path cannot contain '..' for security reasons: /a/../b"),
        (
            [entry(path="/a/x"), entry(path="/b/x")],
            (
                "storage paths must have a common parent directory. Current paths: [/a/x /b/x] "
                "have no common parent beyond root"
            ),
        ),
        (
            [entry("pvc://c", "/p"), entry("pvc://d", "/p"), entry(), entry()],
            "PVC storage paths must be unique",
        ),
    ],
)
@pytest.mark.parametrize("component", ["predictor", "transformer", "explainer"])
def test_refused(storage: list[dict[str, str]], text: str, component: str) -> None:
    if component == "predictor":
        format_ = {"modelFormat": {"name": "sklearn"}}
        assert messages({"model": format_, "storageUris": storage})[0] == text
    else:
        given = {"containers": [CONTAINER], "storageUris": storage}
        assert messages(**{component: given})[0] == text


@pytest.mark.parametrize(
    "storage", [[{"uri": "gs://a"}], [entry(), entry(path="/mnt/b")], [entry("pvc://c", "/p")]]
)
def test_accepted(storage: list[dict[str, str]]) -> None:
    assert messages({"model": {"modelFormat": {"name": "x"}}, "storageUris": storage}) == []


@pytest.mark.parametrize(
    ("predictor", "spec"),
    [
        ({**model(), "storageUris": [entry()]}, {}),
        ({"containers": [WITH_URI], "storageUris": [entry()]}, {}),
        (None, {"transformer": {"containers": [WITH_URI], "storageUris": [entry()]}}),
        (None, {"explainer": {"containers": [WITH_URI], "storageUris": [entry()]}}),
    ],
)
def test_one_uri_or_several(predictor: Any, spec: dict[str, Any]) -> None:
    assert messages(predictor, **spec)[0] == BOTH


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"confidential": {"enabled": False, "resourceId": "x"}}, ""),
        ({"confidential": {"enabled": True, "resourceId": "kbs:///a/b/c"}}, ""),
        (
            {"confidential": {"enabled": True}, "storageUri": None},
            "confidential model serving requires storageUri to be set",
        ),
        (
            {"confidential": {"enabled": True, "resourceId": "kbs://a"}},
            'Invalid value: "kbs://a": must be in the format kbs:///<repo>/<type>/<tag>',
        ),
    ],
)
def test_confidential(fields: dict[str, Any], text: str) -> None:
    assert messages(model(**fields)) == ([text] if text else [])
