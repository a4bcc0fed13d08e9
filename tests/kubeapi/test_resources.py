"""The verbs over a real socket."""

import base64
from typing import Any

import pytest

from kfsim.api.core import Container, Namespace, Pod, PodSpec
from kfsim.api.meta import ObjectMeta
from tests.kubeapi.conftest import GROUP, Api, make_isvc

ISVCS = f"{GROUP}/namespaces/default/inferenceservices"


async def test_create_get_delete(api: Api) -> None:
    status, made = await api.call("POST", ISVCS, make_isvc())
    assert status == 201
    assert made["metadata"]["annotations"] == {"defaulted": "yes"}
    assert await api.call("GET", f"{ISVCS}/iris") == (200, made)
    status, result = await api.call("DELETE", f"{ISVCS}/iris")
    assert status == 200
    assert (result["kind"], result["status"]) == ("Status", "Success")
    assert result["details"] == {
        "name": "iris",
        "group": "serving.kserve.io",
        "kind": "inferenceservices",
        "uid": made["metadata"]["uid"],
    }
    status, result = await api.call("GET", f"{ISVCS}/iris")
    assert status == 404
    assert result["message"] == 'inferenceservices.serving.kserve.io "iris" not found'
    assert result["reason"] == "NotFound"


async def test_namespaces_are_made_on_demand(api: Api) -> None:
    await api.call("POST", f"{GROUP}/namespaces/new/inferenceservices", make_isvc())
    namespace = api.store.get(Namespace, "new")
    assert namespace.metadata.labels == {"kubernetes.io/metadata.name": "new"}
    assert namespace.status == {"phase": "Active"}


async def test_both_groups_serve_one_object(api: Api) -> None:
    old = "serving.kubeflow.org/v1beta1"
    path = f"/apis/{old}/namespaces/default/inferenceservices"
    status, made = await api.call("POST", path, {**make_isvc(), "apiVersion": old})
    assert (status, made["apiVersion"]) == (201, old)
    _, new = await api.call("GET", f"{ISVCS}/iris")
    assert new["apiVersion"] == "serving.kserve.io/v1beta1"
    assert {**new, "apiVersion": old} == made
    _, listed = await api.call("GET", path)
    assert listed["apiVersion"] == listed["items"][0]["apiVersion"] == old
    status, patched = await api.patch(f"{path}/iris", {"metadata": {"labels": {"a": "b"}}})
    assert (status, patched["apiVersion"]) == (200, old)


async def test_lists_select(api: Api) -> None:
    for name, labels in (("a", {"t": "1"}), ("b", {"t": "2"})):
        await api.call("POST", ISVCS, make_isvc(name, labels=labels))
    _, everything = await api.call("GET", f"{GROUP}/inferenceservices?limit=500")
    assert everything["kind"] == "InferenceServiceList"
    assert everything["metadata"]["resourceVersion"] == str(api.store.resource_version)
    assert [item["metadata"]["name"] for item in everything["items"]] == ["a", "b"]
    for query in ("labelSelector=t%3D2", "fieldSelector=metadata.name%3Db"):
        _, listed = await api.call("GET", f"{ISVCS}?{query}")
        assert [item["metadata"]["name"] for item in listed["items"]] == ["b"]
    status, result = await api.call("GET", f"{ISVCS}?fieldSelector=spec.x%3Db")
    assert status == 400
    assert result["message"].startswith("field label not supported: spec.x")


async def test_large_lists_arrive_whole(api: Api) -> None:
    for number in range(300):
        await api.call("POST", ISVCS, make_isvc(f"a{number:03}", annotations={"pad": "x" * 1000}))
    _, listed = await api.call("GET", ISVCS)
    assert len(listed["items"]) == 300
    headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    _, table = await api.call("GET", ISVCS, headers=headers)
    assert [row["cells"][0] for row in table["rows"]] == [f"a{n:03}" for n in range(300)]


async def test_update_needs_the_current_version(api: Api) -> None:
    _, made = await api.call("POST", ISVCS, make_isvc())
    made["spec"]["predictor"]["minReplicas"] = 1
    made["status"] = {"url": "http://forged"}
    status, updated = await api.call("PUT", f"{ISVCS}/iris", made)
    assert status == 200
    assert updated["metadata"]["generation"] == 2
    assert "status" not in updated
    status, result = await api.call("PUT", f"{ISVCS}/iris", made)
    assert (status, result["reason"]) == (409, "Conflict")
    status, result = await api.call("PUT", f"{ISVCS}/iris", make_isvc())
    assert (status, result["reason"]) == (422, "Invalid")
    assert "metadata.resourceVersion: Invalid value: 0x0" in result["message"]


async def test_status_is_written_apart(api: Api) -> None:
    _, made = await api.call("POST", ISVCS, make_isvc())
    body = {**made, "status": {"url": "http://x"}, "spec": {"predictor": {}}}
    status, updated = await api.call("PUT", f"{ISVCS}/iris/status", body)
    assert status == 200
    assert updated["status"] == {"url": "http://x"}
    assert updated["spec"] == made["spec"]
    status, patched = await api.patch(f"{ISVCS}/iris/status", {"status": {"url": None}})
    assert (status, "status" in patched) == (200, False)


async def test_merge_patch(api: Api) -> None:
    _, made = await api.call("POST", ISVCS, make_isvc(labels={"a": "1", "b": "2"}))
    patch = {"metadata": {"labels": {"a": None}}, "spec": {"predictor": {"minReplicas": 3}}}
    status, patched = await api.patch(f"{ISVCS}/iris", patch)
    assert status == 200
    assert patched["metadata"]["labels"] == {"b": "2"}
    assert patched["spec"]["predictor"]["minReplicas"] == 3
    version = patched["metadata"]["resourceVersion"]
    _, again = await api.patch(f"{ISVCS}/iris", patch)
    assert again["metadata"]["resourceVersion"] == version
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"], "labels": {}}}
    status, result = await api.patch(f"{ISVCS}/iris", {**stale, "spec": {"predictor": {}}})
    assert (status, result["reason"]) == (409, "Conflict")
    status, result = await api.patch(f"{ISVCS}/iris", {"metadata": {"name": "other"}})
    assert (status, result["reason"]) == (400, "BadRequest")


async def test_a_json_patch_changes_all_or_nothing(api: Api) -> None:
    await api.call("POST", ISVCS, make_isvc())
    headers = {"Content-Type": "application/json-patch+json"}
    change = {"op": "add", "path": "/spec/predictor/minReplicas", "value": 3}
    status, patched = await api.call("PATCH", f"{ISVCS}/iris", [change], headers=headers)
    assert (status, patched["spec"]["predictor"]["minReplicas"]) == (200, 3)
    failing = [{**change, "value": 4}, {"op": "test", "path": "/kind", "value": "Pod"}]
    status, result = await api.call("PATCH", f"{ISVCS}/iris", failing, headers=headers)
    assert (status, result["reason"]) == (422, "Invalid")
    _, after = await api.call("GET", f"{ISVCS}/iris")
    assert after["spec"]["predictor"]["minReplicas"] == 3


async def test_other_patch_types_are_refused_by_name(api: Api) -> None:
    await api.call("POST", ISVCS, make_isvc())
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    status, result = await api.call("PATCH", f"{ISVCS}/iris", {}, headers=headers)
    assert (status, result["reason"]) == (415, "UnsupportedMediaType")
    assert "application/merge-patch+json" in result["message"]


async def test_server_side_apply_creates_then_merges_and_tells_of_conflicts(api: Api) -> None:
    path, headers = f"{ISVCS}/iris", {"Content-Type": "application/apply-patch+yaml"}

    async def apply(manager: str, isvc: dict[str, Any], query: str = "") -> Any:
        query = f"?fieldManager={manager}{query}"
        return await api.call("PATCH", path + query, isvc, headers=headers)

    wanted = make_isvc(labels={"a": "1"})
    status, made = await apply("me", wanted)
    assert (status, made["metadata"]["labels"]) == (201, {"a": "1"})
    assert made["metadata"]["managedFields"][0]["manager"] == "me"
    status, again = await apply("me", wanted)
    assert (status, again["metadata"]["resourceVersion"]) == (
        200,
        made["metadata"]["resourceVersion"],
    )
    status, result = await apply("you", make_isvc(labels={"a": "2"}))
    assert (status, result["reason"]) == (409, "Conflict")
    assert 'conflict with "me": .metadata.labels.a' in result["message"]
    assert result["details"]["causes"][0]["reason"] == "FieldManagerConflict"
    status, taken = await apply("you", make_isvc(labels={"a": "2"}), "&force=true")
    assert (status, taken["metadata"]["labels"]) == (200, {"a": "2"})
    status, result = await apply("", wanted)
    assert status == 400


async def test_a_deployment_is_scaled(api: Api) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    labels = {"app": "a"}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c"}]}},
    }
    await api.call("POST", path, {"metadata": {"name": "d"}, "spec": spec})
    status, scale = await api.call("GET", f"{path}/d/scale")
    assert (status, scale["kind"], scale["spec"]) == (200, "Scale", {"replicas": 1})
    assert scale["status"]["selector"] == "app=a"
    scale["spec"]["replicas"] = 3
    status, scaled = await api.call("PUT", f"{path}/d/scale", scale)
    assert (status, scaled["spec"]) == (200, {"replicas": 3})
    status, result = await api.call("PUT", f"{path}/d/scale", scale)  # the version is old by now
    assert (status, result["reason"]) == (409, "Conflict")
    status, scaled = await api.patch(f"{path}/d/scale", {"spec": {"replicas": 2}})
    assert (status, scaled["spec"]) == (200, {"replicas": 2})
    status, result = await api.patch(f"{path}/d/scale", {"spec": {"replicas": -1}})
    assert status == 400
    _, deployment = await api.call("GET", f"{path}/d")
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["template"]["spec"]["containers"] == [{"name": "c"}]


@pytest.mark.parametrize(
    ("validation", "status", "warned"),
    [("Strict", 400, False), ("Warn", 201, True), ("", 201, True), ("Ignore", 201, False)],
)
async def test_unknown_fields(api: Api, validation: str, status: int, warned: bool) -> None:
    body = make_isvc()
    body["spec"]["predictor"]["sklearnn"] = {}
    url = f"{api.url}{ISVCS}?fieldValidation={validation}"
    async with api.session.post(url, json=body) as response:
        assert response.status == status
        if warned:
            text = '299 - "unknown field \\"spec.predictor.sklearnn\\""'
            assert response.headers["Warning"] == text
        else:
            assert "Warning" not in response.headers
        if status == 400:
            assert (await response.json())["message"] == (
                'InferenceService in version "v1beta1" cannot be handled as a InferenceService: '
                'strict decoding error: unknown field "spec.predictor.sklearnn"'
            )


async def test_dry_run_stores_nothing(api: Api) -> None:
    status, made = await api.call("POST", f"{ISVCS}?dryRun=All", make_isvc())
    assert (status, made["metadata"]["name"]) == (201, "iris")
    assert (await api.call("GET", f"{ISVCS}/iris"))[0] == 404
    await api.call("POST", ISVCS, make_isvc())
    assert (await api.call("DELETE", f"{ISVCS}/iris?dryRun=All"))[0] == 200
    assert (await api.call("GET", f"{ISVCS}/iris"))[0] == 200


async def test_generated_names(api: Api) -> None:
    body = make_isvc()
    body["metadata"] = {"generateName": "iris-"}
    status, made = await api.call("POST", ISVCS, body)
    assert status == 201
    assert made["metadata"]["name"].startswith("iris-")


def without(body: dict[str, Any], field: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != field}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (make_isvc("Not_A_Name"), 422, 'Invalid value: "Not_A_Name": a lowercase RFC 1123'),
        (make_isvc(""), 422, "name or generateName is required"),
        (without(make_isvc(), "kind"), 400, "is missing"),
        ({**make_isvc(), "kind": "Pod"}, 400, "Pod in version"),
        ({**make_isvc(), "apiVersion": "v1"}, 400, "does not match the expected API version"),
        (make_isvc(namespace="other"), 400, "the namespace of the provided object does not match"),
        (make_isvc(resourceVersion="1"), 400, "resourceVersion should not be set"),
        ([], 400, "must be an object"),
        (make_isvc(annotations={"refuse": ""}), 403, 'admission webhook "test" denied'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_bad_creates_are_explained(api: Api, body: Any, status: int, message: str) -> None:
    code, result = await api.call("POST", ISVCS, body)
    assert (code, result["kind"]) == (status, "Status")
    assert message in result["message"]


async def test_a_second_create_conflicts(api: Api) -> None:
    await api.call("POST", ISVCS, make_isvc())
    status, result = await api.call("POST", ISVCS, make_isvc())
    assert (status, result["reason"]) == (409, "AlreadyExists")
    assert result["message"] == 'inferenceservices.serving.kserve.io "iris" already exists'


async def test_yaml_bodies(api: Api) -> None:
    text = (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\n"
        "metadata: {name: iris, creationTimestamp: null}\nspec: {predictor: {minReplicas: 0}}\n"
    )
    headers = {"Content-Type": "application/yaml"}
    status, _ = await api.call("POST", ISVCS, data=text, headers=headers)
    assert status == 201
    status, result = await api.call("POST", ISVCS, data="a: [", headers=headers)
    assert (status, result["reason"]) == (400, "BadRequest")
    status, result = await api.call(
        "POST", ISVCS, data="{", headers={"Content-Type": "application/json"}
    )
    assert (status, result["reason"]) == (400, "BadRequest")


async def test_secrets_fold_their_texts(api: Api) -> None:
    path = "/api/v1/namespaces/default/secrets"
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"a": base64.b64encode(b"1").decode()},
        "stringData": {"b": "2"},
    }
    status, made = await api.call("POST", path, body)
    assert status == 201
    assert made["data"] == {"a": "MQ==", "b": "Mg=="}
    assert (made["type"], "stringData" in made) == ("Opaque", False)
    body["data"] = {"a": "not base64"}
    status, result = await api.call("POST", path, body)
    assert status == 400
    assert "stringData" in result["message"]


async def test_deletes_honour_options(api: Api) -> None:
    _, made = await api.call("POST", ISVCS, make_isvc(finalizers=["f"]))
    body = {"preconditions": {"uid": "other"}}
    status, result = await api.call("DELETE", f"{ISVCS}/iris", body)
    assert (status, result["reason"]) == (409, "Conflict")
    status, result = await api.call("DELETE", f"{ISVCS}/iris?propagationPolicy=Sideways")
    assert status == 400
    status, held = await api.call("DELETE", f"{ISVCS}/iris", {"propagationPolicy": "Foreground"})
    assert (status, held["kind"]) == (200, "InferenceService")
    assert held["metadata"]["deletionTimestamp"]
    status, _ = await api.patch(f"{ISVCS}/iris", {"metadata": {"finalizers": None}})
    assert status == 200
    assert (await api.call("GET", f"{ISVCS}/iris"))[0] == 404
    assert made["metadata"]["uid"] == held["metadata"]["uid"]


async def test_collections_are_deleted_by_selector(api: Api) -> None:
    for name, team in (("a", "x"), ("b", "x"), ("c", "y")):
        await api.call("POST", ISVCS, make_isvc(name, labels={"team": team}))
    status, deleted = await api.call("DELETE", f"{ISVCS}?labelSelector=team%3Dx")
    assert status == 200
    assert [item["metadata"]["name"] for item in deleted["items"]] == ["a", "b"]
    _, left = await api.call("GET", ISVCS)
    assert [item["metadata"]["name"] for item in left["items"]] == ["c"]


@pytest.mark.parametrize(
    "path",
    [
        "/apis/serving.kserve.io/v1beta1/nothings",
        "/apis/nowhere/v1/things",
        "/api/v1/pods/p",
        "/api/v1/namespaces/n/namespaces",
        "/api/v1/namespaces/n/configmaps/a/status",
        "/nowhere",
    ],
)
async def test_unknown_paths(api: Api, path: str) -> None:
    status, result = await api.call("GET", path)
    assert (status, result["reason"]) == (404, "NotFound")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", f"{ISVCS}/iris"), ("PUT", ISVCS), ("POST", f"{GROUP}/inferenceservices")],
)
async def test_wrong_methods(api: Api, method: str, path: str) -> None:
    status, result = await api.call(method, path, make_isvc())
    assert (status, result["reason"]) == (405, "MethodNotAllowed")


async def test_pod_logs(api: Api) -> None:
    containers = (Container(name="kserve-container"), Container(name="queue-proxy"))
    pod = Pod(metadata=ObjectMeta(name="p", namespace="n"), spec=PodSpec(containers=containers))
    api.store.create(pod)
    path = "/api/v1/namespaces/n/pods/p/log"
    status, result = await api.call("GET", path)
    assert status == 400
    assert "choose one of: [kserve-container queue-proxy]" in result["message"]
    status, result = await api.call("GET", f"{path}?container=x")
    assert (status, result["message"]) == (400, "container x is not valid for pod p")
    query = "container=queue-proxy&follow=true&tailLines=5&previous=false"
    async with api.session.get(f"{api.url}{path}?{query}") as response:
        assert (response.content_type, await response.text()) == ("text/plain", "one\ntwo\n")
    request = api.logs[0]
    assert (request.container, request.follow, request.tail_lines) == ("queue-proxy", True, 5)
    assert not request.previous
