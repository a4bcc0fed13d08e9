"""Every verb under serving.kubeflow.org/v1alpha2, over the same objects as v1beta1."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kfsim.api.admission import admit
from kfsim.api.knative.serving import TrafficTarget
from kfsim.api.kserve.types import ComponentStatus, InferenceService
from kfsim.api.meta import Condition
from tests.kubeapi.conftest import GROUP, Api, serve_api
from tests.kubeapi.test_kubectl import Kubectl, squeeze

OLD = "/apis/serving.kubeflow.org/v1alpha2"
ITEMS = f"{OLD}/namespaces/default/inferenceservices"
SAME = f"{GROUP}/namespaces/default/inferenceservices/iris"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serve_api(admit) as served:
        yield served


def make_old(uri: str = "gs://b/1", **spec: Any) -> dict[str, Any]:
    endpoint = {"predictor": {"minReplicas": 0, "sklearn": {"storageUri": uri}}}
    return {
        "apiVersion": "serving.kubeflow.org/v1alpha2",
        "kind": "InferenceService",
        "metadata": {"name": "iris"},
        "spec": {"default": endpoint, **spec},
    }


def storage_uri(document: dict[str, Any]) -> str:
    found: str = document["spec"]["default"]["predictor"]["sklearn"]["storageUri"]
    return found


async def test_an_object_has_both_forms(api: Api) -> None:
    status, created = await api.call("POST", ITEMS, make_old())
    assert (status, created["apiVersion"]) == (201, "serving.kubeflow.org/v1alpha2")
    assert storage_uri(created) == "gs://b/1"
    _, same = await api.call("GET", SAME)
    assert same["spec"]["predictor"]["model"]["storageUri"] == "gs://b/1"
    _, listed = await api.call("GET", f"{OLD}/inferenceservices")
    assert listed["apiVersion"] == "serving.kubeflow.org/v1alpha2"
    assert [storage_uri(item) for item in listed["items"]] == ["gs://b/1"]


async def test_changes_through_either_form_meet(api: Api) -> None:
    await api.call("POST", ITEMS, make_old())
    await api.patch(SAME, {"spec": {"predictor": {"timeout": 9}}})
    patch = {"spec": {"default": {"predictor": {"sklearn": {"storageUri": "gs://b/2"}}}}}
    status, patched = await api.patch(f"{ITEMS}/iris", patch)
    assert (status, storage_uri(patched)) == (200, "gs://b/2")
    patched["spec"]["default"]["predictor"]["parallelism"] = 3
    status, _ = await api.call("PUT", f"{ITEMS}/iris", patched)
    assert status == 200
    _, same = await api.call("GET", SAME)
    predictor = same["spec"]["predictor"]
    assert (predictor["timeout"], predictor["containerConcurrency"]) == (9, 3)
    assert predictor["model"]["storageUri"] == "gs://b/2"


async def test_a_canary_is_refused_on_every_way_in(api: Api) -> None:
    canary = {"canaryTrafficPercent": 0}
    status, refusal = await api.call("POST", ITEMS, make_old(**canary))
    assert status == 403
    assert "Canary rollout is no longer supported on v1alpha2" in refusal["message"]
    await api.call("POST", ITEMS, make_old())
    status, refusal = await api.patch(f"{ITEMS}/iris", {"spec": canary})
    assert (status, refusal["reason"]) == (403, "Forbidden")
    await api.patch(SAME, {"spec": {"predictor": {"canaryTrafficPercent": 10}}})
    _, shown = await api.call("GET", f"{ITEMS}/iris")
    assert shown["spec"]["canaryTrafficPercent"] == 10


async def test_status_is_read_only_here(api: Api) -> None:
    await api.call("POST", ITEMS, make_old())
    set_status(api)
    status, _ = await api.patch(f"{ITEMS}/iris/status", {"status": {"url": "http://other"}})
    assert status == 200
    _, shown = await api.call("GET", f"{ITEMS}/iris/status")
    assert shown["status"]["url"] == "http://iris.default.localhost"


def set_status(api: Api) -> None:
    isvc = api.store.find(InferenceService, "iris", "default")
    assert isvc is not None
    traffic = TrafficTarget(revision_name="iris-predictor-00001", percent=100, latest_revision=True)
    component = ComponentStatus(latest_created_revision="iris-predictor-00001", traffic=(traffic,))
    api.store.update_status(
        isvc.replaced(
            status=isvc.status.replaced(
                url="http://iris.default.localhost",
                conditions=(Condition(type="Ready", status="True"),),
                components={"predictor": component},
            )
        )
    )


async def test_the_table_has_its_own_columns(api: Api) -> None:
    await api.call("POST", ITEMS, make_old())
    set_status(api)
    _, table = await api.call("GET", f"{ITEMS}?includeObject=Object", headers=TABLE)
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", "URL", "Ready", "Default Traffic", "Canary Traffic", "Age"]
    (row,) = table["rows"]
    assert row["cells"][:5] == ["iris", "http://iris.default.localhost", "True", 100, None]
    assert storage_uri(row["object"]) == "gs://b/1"


async def test_watch_and_delete(api: Api) -> None:
    await api.call("POST", ITEMS, make_old())
    async with api.session.get(f"{api.url}{ITEMS}?watch=true") as response:
        first = json.loads(await response.content.readline())
        assert (first["type"], storage_uri(first["object"])) == ("ADDED", "gs://b/1")
        status, _ = await api.call("DELETE", f"{ITEMS}/iris")
        assert status == 200
        async with asyncio.timeout(5):
            last = json.loads(await response.content.readline())
        assert (last["type"], storage_uri(last["object"])) == ("DELETED", "gs://b/1")
    status, _ = await api.call("GET", SAME)
    assert status == 404


async def test_discovery_and_schema(api: Api) -> None:
    _, group = await api.call("GET", "/apis/serving.kubeflow.org")
    versions = [version["version"] for version in group["versions"]]
    assert versions[0] == group["preferredVersion"]["version"] == "v1beta1"
    assert "v1alpha2" in versions
    _, document = await api.call("GET", f"/openapi/v3{OLD}")
    assert "canaryTrafficPercent" in json.dumps(document)


@pytest.mark.live
async def test_kubectl(api: Api, tmp_path: Path) -> None:
    kubectl = Kubectl(api, tmp_path)
    kind = "inferenceservices.v1alpha2.serving.kubeflow.org"
    for uri, verb in (("gs://b/1", "created"), ("gs://b/1", "unchanged"), ("gs://b/2", "conf")):
        text = json.dumps(make_old(uri))
        assert verb in await kubectl.ok("apply", "-f", "-", stdin=text)
    set_status(api)
    header, row = squeeze(await kubectl.ok("get", kind))
    assert header == "NAME URL READY DEFAULT TRAFFIC CANARY TRAFFIC AGE"
    assert row.startswith("iris http://iris.default.localhost True 100")
    path = "jsonpath={.spec.default.predictor.sklearn.storageUri}"
    assert await kubectl.ok("get", kind, "iris", "-o", path) == "gs://b/2"
    code, _, err = await kubectl.run(
        "apply", "-f", "-", stdin=json.dumps(make_old(canaryTrafficPercent=5))
    )
    assert code == 1
    assert "please convert to v1beta1" in err
    assert "canaryTrafficPercent" in await kubectl.ok(
        "explain", "inferenceservices.spec", "--api-version=serving.kubeflow.org/v1alpha2"
    )
    assert "deleted" in await kubectl.ok("delete", kind, "iris")
