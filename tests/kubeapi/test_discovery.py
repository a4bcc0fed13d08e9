from kfsim.api.registry import KindRegistry
from kfsim.kubeapi import discovery, openapi

KINDS = tuple(KindRegistry().all())


def test_every_served_version_is_listed_and_described() -> None:
    listed = {"v1"}
    for group in discovery.make_group_list(KINDS)["groups"]:
        listed |= {version["groupVersion"] for version in group["versions"]}
        assert discovery.make_group(group["name"], KINDS)["versions"] == group["versions"]
    assert listed == {version for kind in KINDS for version in kind.served}
    for version in listed:
        resources = discovery.make_resource_list(version, KINDS)["resources"]
        assert all(resource["verbs"] for resource in resources)


def test_short_names_belong_to_the_stored_group() -> None:
    by_version = {
        version: discovery.make_resource_list(version, KINDS)["resources"][0]
        for version in ("serving.kserve.io/v1beta1", "serving.kubeflow.org/v1beta1")
    }
    assert by_version["serving.kserve.io/v1beta1"]["shortNames"] == ["isvc"]
    assert "shortNames" not in by_version["serving.kubeflow.org/v1beta1"]
    assert "categories" not in by_version["serving.kubeflow.org/v1beta1"]


def test_subresources() -> None:
    names = [each["name"] for each in discovery.make_resource_list("v1", KINDS)["resources"]]
    assert {"pods", "pods/status", "pods/log", "configmaps"} <= set(names)
    assert "configmaps/status" not in names


def test_openapi_names_the_query_parameters_of_each_kind() -> None:
    for path in openapi.make_index(KINDS)["paths"]:
        document = openapi.make_document(path, KINDS)
        for item in document["paths"].values():
            names = [parameter["name"] for parameter in item["patch"]["parameters"]]
            assert names == ["dryRun", "fieldManager", "fieldValidation"]
    isvcs = openapi.make_document("apis/serving.kserve.io/v1beta1", KINDS)["paths"]
    assert isvcs["/apis/serving.kserve.io/v1beta1/namespaces/{namespace}/inferenceservices/{name}"][
        "patch"
    ]["x-kubernetes-group-version-kind"] == {
        "group": "serving.kserve.io",
        "version": "v1beta1",
        "kind": "InferenceService",
    }
