"""Server-side apply: who set what, and what happens to it."""

from typing import Any

import pytest

from kfsim.base.errors import BadRequest, Conflict
from kfsim.kubeapi.patching.server_side import ApplyOptions, apply

BASE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}


def by(manager: str, *, force: bool = False, wall: str = "t1") -> ApplyOptions:
    return ApplyOptions(manager=manager, force=force, wall=wall)


def config(**data: str) -> dict[str, Any]:
    return {**BASE, "data": data}


def owned(document: dict[str, Any]) -> dict[str, Any]:
    return {each["manager"]: each["fieldsV1"] for each in document["metadata"]["managedFields"]}


def test_a_new_object_belongs_to_its_manager() -> None:
    made = apply(None, config(a="1"), by("me"))
    (entry,) = made["metadata"]["managedFields"]
    assert made["data"] == {"a": "1"}
    assert entry == {
        "manager": "me",
        "operation": "Apply",
        "apiVersion": "v1",
        "time": "t1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:a": {}}},
    }


def test_the_same_again_changes_nothing_not_even_the_time() -> None:
    made = apply(None, config(a="1"), by("me"))
    assert apply(made, config(a="1"), by("me", wall="t2")) == made


def test_what_is_no_longer_given_goes_unless_another_gives_it() -> None:
    made = apply(None, config(a="1", b="2"), by("me"))
    both = apply(made, config(b="2"), by("you"))
    left = apply(both, config(), by("me"))
    assert left["data"] == {"b": "2"}
    assert owned(left) == {"you": {"f:data": {"f:b": {}}}, "me": {"f:data": {}}}


def test_what_nobody_applied_stays() -> None:
    live = {**config(a="1"), "status": {"x": 1}}
    assert apply(live, config(b="2"), by("me"))["data"] == {"a": "1", "b": "2"}
    assert apply(live, config(b="2"), by("me"))["status"] == {"x": 1}


def test_another_value_is_a_conflict_that_names_the_other_manager() -> None:
    made = apply(None, config(a="1"), by("you"))
    with pytest.raises(Conflict, match=r'1 conflict: conflict with "you": \.data\.a') as caught:
        apply(made, config(a="2"), by("me"))
    (cause,) = caught.value.causes
    assert (cause.field, cause.reason) == (".data.a", "FieldManagerConflict")
    assert apply(made, config(a="1"), by("me"))["data"] == {"a": "1"}


def test_force_takes_the_field_over() -> None:
    made = apply(None, config(a="1", b="1"), by("you"))
    taken = apply(made, config(a="2"), by("me", force=True))
    assert taken["data"] == {"a": "2", "b": "1"}
    assert owned(taken) == {
        "you": {"f:data": {"f:b": {}}},
        "me": {"f:data": {"f:a": {}}},
    }


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "finalizers": ["x"]},
        "spec": {"containers": list(containers)},
    }


def test_items_of_lists_are_owned_by_their_key() -> None:
    made = apply(None, pod({"name": "a", "image": "1"}), by("me"))
    assert owned(made)["me"]["f:spec"] == {
        "f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}}
    }
    assert owned(made)["me"]["f:metadata"] == {"f:finalizers": {'v:"x"': {}}}
    both = apply(made, pod({"name": "b", "image": "2"}), by("you"))
    assert [each["name"] for each in both["spec"]["containers"]] == ["a", "b"]
    left = apply(both, pod({"name": "c", "image": "3"}), by("me"))
    assert [each["name"] for each in left["spec"]["containers"]] == ["b", "c"]


def test_a_field_of_an_item_goes_alone() -> None:
    made = apply(None, pod({"name": "a", "image": "1", "tty": True}), by("me"))
    left = apply(made, pod({"name": "a", "image": "1"}), by("me"))
    assert left["spec"]["containers"] == [{"name": "a", "image": "1"}]


def test_a_conflict_within_an_item_is_shown_by_its_key() -> None:
    made = apply(None, pod({"name": "a", "image": "1"}), by("you"))
    with pytest.raises(Conflict, match=r'\.spec\.containers\[name="a"\]\.image'):
        apply(made, pod({"name": "a", "image": "2"}), by("me"))


def test_what_a_request_must_have_and_must_not() -> None:
    with pytest.raises(BadRequest, match="fieldManager: Required value"):
        apply(None, config(), by(""))
    made = apply(None, config(), by("me"))
    with pytest.raises(BadRequest, match="managedFields must be nil"):
        apply(made, made, by("me"))
