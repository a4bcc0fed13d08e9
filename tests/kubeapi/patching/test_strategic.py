"""Strategic merge patches, case by case (apimachinery pkg/util/strategicpatch/patch_test.go)."""

from typing import Any

import pytest

from kfsim.base.errors import BadRequest
from kfsim.kubeapi.patching.strategic import apply_strategic_patch

A, B, C = {"name": "a", "image": "1"}, {"name": "b", "image": "2"}, {"name": "c", "image": "3"}


@pytest.mark.parametrize(
    ("target", "patch", "patched"),
    [
        pytest.param(
            {"a": 1, "b": 2}, {"b": None, "c": 3}, {"a": 1, "c": 3}, id="as a merge patch"
        ),
        pytest.param(
            {"containers": [A, B]},
            {"containers": [{"name": "b", "image": "4"}, C]},
            {"containers": [A, {"name": "b", "image": "4"}, C]},
            id="items are merged by key, new ones come last",
        ),
        pytest.param(
            {"containers": [{**A, "env": [{"name": "X", "value": "1"}]}]},
            {"containers": [{"name": "a", "env": [{"name": "Y", "value": "2"}]}]},
            {
                "containers": [
                    {**A, "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]}
                ]
            },
            id="lists within items",
        ),
        pytest.param(
            {"containers": [A, B]},
            {"containers": [{"name": "a", "$patch": "delete"}]},
            {"containers": [B]},
            id="an item is deleted",
        ),
        pytest.param(
            {"containers": [A, B]},
            {"containers": [C, {"$patch": "replace"}]},
            {"containers": [C]},
            id="a list is replaced",
        ),
        pytest.param(
            {"containers": [A, B, C]},
            {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]},
            {"containers": [C, A, B]},
            id="order, an unnamed item follows the one before it",
        ),
        pytest.param(
            {"args": ["x", "y"]}, {"args": ["z"]}, {"args": ["z"]}, id="plain lists are one value"
        ),
        pytest.param(
            {"finalizers": ["x", "y"]},
            {"finalizers": ["z"], "$deleteFromPrimitiveList/finalizers": ["x"]},
            {"finalizers": ["y", "z"]},
            id="finalizers are a set",
        ),
        pytest.param(
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
            {"strategy": {"type": "Recreate", "$retainKeys": ["type"]}},
            {"strategy": {"type": "Recreate"}},
            id="keys that are not retained go",
        ),
        pytest.param(
            {"m": {"a": 1}}, {"m": {"b": 2, "$patch": "replace"}}, {"m": {"b": 2}}, id="a map"
        ),
        pytest.param({"m": {"a": 1}, "n": 1}, {"m": {"$patch": "delete"}}, {"n": 1}, id="no map"),
        pytest.param(
            {"ports": [{"containerPort": 80, "name": "x"}]},
            {"ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 81}]},
            {
                "ports": [
                    {"containerPort": 80, "name": "x", "protocol": "TCP"},
                    {"containerPort": 81},
                ]
            },
            id="ports of a container",
        ),
        pytest.param(
            {"ports": [{"port": 80, "name": "x"}]},
            {"ports": [{"port": 80, "targetPort": 1}]},
            {"ports": [{"port": 80, "name": "x", "targetPort": 1}]},
            id="ports of a Service",
        ),
    ],
)
def test_patched(target: dict[str, Any], patch: dict[str, Any], patched: dict[str, Any]) -> None:
    before = repr(target), repr(patch)
    assert apply_strategic_patch(target, patch) == patched
    assert (repr(target), repr(patch)) == before


def test_an_unknown_directive_is_refused() -> None:
    with pytest.raises(BadRequest, match="'remove'"):
        apply_strategic_patch({}, {"m": {"$patch": "remove"}})
