"""Kinds that are kept and not simulated, over HTTP and by the real kubectl."""

from pathlib import Path
from typing import Any

import pytest

from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.store import Store
from kfsim.store.journal import MemoryJournal
from tests.kubeapi.conftest import Api
from tests.kubeapi.test_kubectl import Kubectl

INSTALL = Path(__file__).with_name("install.yaml")
POLICIES = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"


def policy(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p"},
        "spec": spec,
    }


def definition(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True}],
            **spec,
        },
    }


def widget(name: str = "w") -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}, "x": [1]}


async def warnings_of(api: Api, method: str, path: str, body: Any) -> list[str]:
    async with api.session.request(method, api.url + path, json=body) as response:
        assert response.status < 300, await response.text()
        return response.headers.getall("Warning", [])


async def test_each_write_warns_that_nothing_acts_on_it(api: Api) -> None:
    text = (
        '299 - "networking.k8s.io/v1 NetworkPolicy is kept but not simulated: nothing acts on it"'
    )
    assert await warnings_of(api, "POST", POLICIES, policy(podSelector={})) == [text]
    again = policy(podSelector={"a": "b"})
    assert await warnings_of(api, "PUT", f"{POLICIES}/p", again) == [text]
    _, stored = await api.call("GET", f"{POLICIES}/p")
    assert stored["spec"] == {"podSelector": {"a": "b"}}
    assert stored["metadata"]["generation"] == 2
    code, _ = await api.call("DELETE", f"{POLICIES}/p")
    assert code == 200


async def test_a_definition_brings_its_kind_and_takes_it_away(api: Api) -> None:
    code, made = await api.call("POST", DEFINITIONS, definition())
    assert code == 201
    assert [each["type"] for each in made["status"]["conditions"]][-1] == "Established"
    code, _ = await api.call("POST", WIDGETS, widget())
    assert code == 201
    _, listed = await api.call("GET", "/apis/example.com/v1")
    assert [each["name"] for each in listed["resources"]] == ["widgets"]
    code, _ = await api.call("DELETE", f"{DEFINITIONS}/widgets.example.com")
    assert code == 200
    code, _ = await api.call("GET", WIDGETS)
    assert code == 404
    await api.call("POST", DEFINITIONS, definition())
    _, listed = await api.call("GET", WIDGETS)
    assert listed["items"] == []


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_definition_that_cannot_be_served_is_refused(api: Api, method: str) -> None:
    path = DEFINITIONS
    if method == "PUT":
        await api.call("POST", DEFINITIONS, definition())
        path = f"{DEFINITIONS}/widgets.example.com"
    code, answer = await api.call(method, path, definition(versions=[]))
    assert (code, answer["reason"]) == (422, "Invalid")
    assert "exactly one version marked as storage version" in answer["message"]


async def test_a_new_version_serves_the_objects_that_there_are(api: Api) -> None:
    await api.call("POST", DEFINITIONS, definition())
    await api.call("POST", WIDGETS, widget())
    versions = [
        {"name": "v1", "served": True, "storage": False},
        {"name": "v2", "served": True, "storage": True},
    ]
    code, _ = await api.call(
        "PUT", f"{DEFINITIONS}/widgets.example.com", definition(versions=versions)
    )
    assert code == 200
    _, found = await api.call("GET", WIDGETS.replace("v1", "v2") + "/w")
    assert (found["apiVersion"], found["x"]) == ("example.com/v2", [1])


async def test_kinds_say_whether_they_are_simulated_and_how_many_objects_they_have(
    api: Api,
) -> None:
    await api.call("POST", POLICIES, policy())
    _, answer = await api.call("GET", "/kfsim/v1/kinds")
    rows = {(each["apiVersion"], each["kind"]): each for each in answer["kinds"]}
    kept = rows["networking.k8s.io/v1", "NetworkPolicy"]
    assert (kept["simulated"], kept["objects"]) == (False, 1)
    assert rows["serving.kserve.io/v1beta1", "InferenceService"]["simulated"]


def test_definitions_and_their_objects_come_back_after_a_restart() -> None:
    journal = MemoryJournal()

    def open_store() -> Store:
        return Store(clock=RealClock(), entropy=SeededEntropy(1), journal=journal)

    def create(store: Store, document: dict[str, Any]) -> None:
        resource = store.kinds.find_kind(document["apiVersion"], document["kind"])
        assert resource is not None
        store.create(resource.model.model_validate(document))

    first = open_store()
    stored = {**definition(), "status": {"storedVersions": ["v1"]}}
    create(first, stored)
    create(first, widget("one"))
    again = open_store()
    found = again.kinds.find_kind("example.com/v1", "Widget")
    assert found is not None
    assert [entry.name for entry in again.entries(found.model)] == ["one"]


@pytest.mark.live
async def test_kubectl_applies_an_install_manifest_twice(api: Api, tmp_path: Path) -> None:
    kubectl = Kubectl(api, tmp_path)
    *others, widget_text = INSTALL.read_text().split("---\n")
    code, out, err = await kubectl.run("apply", "-f", "-", stdin="---\n".join(others))
    assert code == 0, err
    assert "role.rbac.authorization.k8s.io/kserve-leader-election-role created" in out
    assert "customresourcedefinition.apiextensions.k8s.io/widgets.example.com created" in out
    told = "Warning: rbac.authorization.k8s.io/v1 Role is kept but not simulated"
    assert err.count(told) == 1
    await kubectl.ok("wait", "--for=condition=Established", "crd/widgets.example.com")
    assert "created" in await kubectl.ok("apply", "-f", "-", stdin=widget_text)
    again = await kubectl.ok("apply", "-f", str(INSTALL))
    assert {line.rpartition(" ")[2] for line in again.splitlines()} == {"unchanged"}


@pytest.mark.live
async def test_kubectl_reads_and_deletes_kept_kinds(api: Api, tmp_path: Path) -> None:
    kubectl = Kubectl(api, tmp_path)
    await kubectl.ok("create", "namespace", "kserve")
    await kubectl.ok("apply", "-f", "-", stdin=INSTALL.read_text().rpartition("---\n")[0])
    await kubectl.ok("apply", "-f", "-", stdin=INSTALL.read_text().rpartition("---\n")[2])
    shown = await kubectl.ok("get", "wd", "-n", "kserve")
    assert shown.split()[:3] == ["NAME", "AGE", "w"]
    assert "spec:" in (
        await kubectl.ok("get", "pdb", "kserve-controller", "-n", "kserve", "-oyaml")
    )
    assert (await kubectl.ok("get", "clusterrole", "-oname")).strip() == (
        "clusterrole.rbac.authorization.k8s.io/system:kserve-manager-role"
    )
    named = await kubectl.ok("api-resources", "--api-group=cert-manager.io", "-oname")
    assert "certificates.cert-manager.io" in named.split()
    await kubectl.ok("label", "issuer", "selfsigned-issuer", "-n", "kserve", "a=b")
    await kubectl.ok("delete", "-f", "-", stdin=INSTALL.read_text().rpartition("---\n")[2])
    assert await kubectl.ok("get", "wd", "-A") == ""
    await kubectl.ok("delete", "crd", "widgets.example.com")
    code, out, _ = await kubectl.run("get", "wd", "-A")
    assert (code, out) == (1, "")


GRAPH = """\
apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: {name: g}
spec:
  nodes:
    root:
      routerType: Sequence
      steps: [{serviceName: a}]
"""


@pytest.mark.live
async def test_kubectl_keeps_a_graph_and_says_that_nothing_acts_on_it(
    api: Api, tmp_path: Path
) -> None:
    kubectl = Kubectl(api, tmp_path)
    code, out, err = await kubectl.run("apply", "-f", "-", stdin=GRAPH)
    assert (code, out) == (0, "inferencegraph.serving.kserve.io/g created\n")
    assert "InferenceGraph is kept but not simulated: nothing acts on it" in err
    shown = await kubectl.ok("get", "ig,tm")
    assert shown.split()[:4] == ["NAME", "URL", "READY", "AGE"]
    assert shown.split()[4] == "inferencegraph.serving.kserve.io/g" or shown.split()[4] == "g"
