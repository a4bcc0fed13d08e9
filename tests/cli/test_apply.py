"""The three-way merge of client-side apply."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.base.errors import BadRequest
from kfsim.cli.apply import LAST_APPLIED, apply_manifest, prepare, three_way_patch
from kfsim.cli.client import JSON, ApiClient, ApiError, Resource
from kfsim.cli.manifests import SOURCE, Manifest


@pytest.mark.parametrize(
    ("before", "wanted", "live", "patch"),
    [
        ({"a": 1}, {"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}),
        ({"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 2}, {"b": None}),
        ({"a": 1}, {"a": 1}, {"a": 1, "defaulted": 3}, {}),
        ({"s": {"x": 1, "y": 1}}, {"s": {"x": 1}}, {"s": {"x": 1, "y": 1}}, {"s": {"y": None}}),
        ({"s": {"l": [1]}}, {"s": {"l": [1, 2]}}, {"s": {"l": [1]}}, {"s": {"l": [1, 2]}}),
        ({"b": 1}, {}, {}, {}),
    ],
    ids=[
        "nothing changed",
        "a value changed",
        "a field was taken out",
        "others' fields are left alone",
        "a nested field was taken out",
        "lists are replaced",
        "what is gone already is not removed again",
    ],
)
def test_patch(
    before: dict[str, Any], wanted: dict[str, Any], live: dict[str, Any], patch: dict[str, Any]
) -> None:
    assert three_way_patch(before, wanted, live) == patch


def merged(live: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(live) if isinstance(live, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


leaves = st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
documents = st.recursive(
    st.dictionaries(st.sampled_from("abcd"), leaves, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), leaves | inner, max_size=4),
    max_leaves=8,
)


@given(before=documents, wanted=documents)
def test_what_nobody_else_touched_becomes_exactly_what_is_wanted(
    before: dict[str, Any], wanted: dict[str, Any]
) -> None:
    result = merged(before, three_way_patch(before, wanted, before))
    assert result == wanted


def test_the_document_carries_its_source_and_itself() -> None:
    manifest = Manifest(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "status": {"x": 1}},
        "/m/a.yaml",
    )
    sent = prepare(manifest, "team")
    assert sent["metadata"]["namespace"] == "team"
    assert sent["metadata"]["annotations"][SOURCE] == "/m/a.yaml"
    assert '"namespace":"team"' in sent["metadata"]["annotations"][LAST_APPLIED]
    assert "status" not in sent
    assert prepare(manifest, "team") == sent


def test_annotations_that_are_no_object_go_to_the_server_as_they_are() -> None:
    document = {"kind": "ConfigMap", "metadata": {"name": "a", "annotations": ["x"]}}
    sent = prepare(Manifest(document, "/m/a.yaml"), "team")
    assert sent["metadata"] == {"name": "a", "namespace": "team", "annotations": ["x"]}


def test_keys_that_are_numbers_become_texts_beside_others() -> None:
    document = {"kind": "ConfigMap", "metadata": {"name": "a", "labels": {1: "x", "b": "y"}}}
    assert prepare(Manifest(document, ""), "team")["metadata"]["labels"] == {"1": "x", "b": "y"}


CIRCLE: dict[str, Any] = {}
CIRCLE["again"] = CIRCLE


@pytest.mark.parametrize("value", [b"x", float("nan"), CIRCLE], ids=["bytes", "nan", "circle"])
def test_what_only_yaml_can_say_is_refused_by_name(value: Any) -> None:
    document = {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": value}}
    with pytest.raises(BadRequest, match="the document cannot be written as JSON: "):
        prepare(Manifest(document, ""), "team")


class EmptyServer(ApiClient):
    """A server without objects that keeps what is created; it knows one kind."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1")
        self.created: list[tuple[str, Any]] = []

    def all_resources(self) -> list[Resource]:
        return [Resource("v1", "ConfigMap", "configmaps", "configmap", ("cm",), (), True)]

    def get(self, path: str, *, accept: str = JSON, **query: str) -> dict[str, Any]:
        raise ApiError({"code": 404, "reason": "NotFound"})

    def create(self, path: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        self.created.append((path, body["metadata"]["name"]))
        return body


def test_a_name_that_is_a_number_is_left_for_the_server_to_refuse() -> None:
    server = EmptyServer()
    metadata = {"name": 5, "namespace": 7}
    manifest = Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}, "")
    apply_manifest(server, manifest, namespace="default")
    assert server.created == [("/api/v1/namespaces/7/configmaps", 5)]


class FasterRival(EmptyServer):
    """Somebody else creates the object between our look and our create."""

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[str, Any] | None = None
        self.patched: dict[str, Any] = {}

    def get(self, path: str, *, accept: str = JSON, **query: str) -> dict[str, Any]:
        return self.live or super().get(path)

    def create(self, path: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        self.live = {"metadata": {"name": "a", "namespace": "default"}, "data": {"x": "theirs"}}
        raise ApiError({"code": 409, "reason": "AlreadyExists", "message": "already exists"})

    def patch(self, path: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        self.patched = body
        return {"metadata": {"name": "a"}}


def test_what_somebody_created_meanwhile_is_patched() -> None:
    server = FasterRival()
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    manifest = Manifest({**document, "data": {"x": "ours"}}, "")
    assert apply_manifest(server, manifest, namespace="default") == ("configmap/a", "configured")
    assert server.patched["data"] == {"x": "ours"}


class Completing(EmptyServer):
    """Completes what it is given, as a webhook does."""

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[str, Any] = {
            "metadata": {"name": "a", "resourceVersion": "4"},
            "spec": {"containers": [{"name": "c", "ports": [80]}]},
            "status": {"ready": 1},
        }

    def get(self, path: str, *, accept: str = JSON, **query: str) -> dict[str, Any]:
        return self.live

    def patch(self, path: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        assert body["spec"] == {"containers": [{"name": "c"}]}
        metadata = {**self.live["metadata"], **body.get("metadata", {}), "resourceVersion": "5"}
        self.live = {**self.live, "metadata": metadata, "status": {"ready": 2}}
        return self.live


def test_a_list_that_the_server_completes_is_unchanged_when_it_is_applied_again() -> None:
    server = Completing()
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    manifest = Manifest({**document, "spec": {"containers": [{"name": "c"}]}}, "")
    assert [apply_manifest(server, manifest, namespace="default")[1] for _ in range(3)] == [
        "configured",  # who applied it, is new
        "unchanged",
        "unchanged",
    ]
