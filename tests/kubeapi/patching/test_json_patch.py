"""JSON patches: all or nothing, with the API server's codes."""

from typing import Any

import pytest

from kfsim.base.errors import BadRequest, Invalid, KfsimError
from kfsim.kubeapi.patching.json_patch import apply_json_patch

TARGET = {"spec": {"replicas": 1, "list": ["a"]}}


def test_operations_apply_in_order_and_leave_the_target() -> None:
    patched = apply_json_patch(
        TARGET,
        [
            {"op": "test", "path": "/spec/replicas", "value": 1},
            {"op": "replace", "path": "/spec/replicas", "value": 2},
            {"op": "add", "path": "/spec/list/-", "value": "b"},
            {"op": "copy", "from": "/spec/replicas", "path": "/copy"},
        ],
    )
    assert patched == {"spec": {"replicas": 2, "list": ["a", "b"]}, "copy": 2}
    assert TARGET == {"spec": {"replicas": 1, "list": ["a"]}}


@pytest.mark.parametrize(
    ("operations", "error"),
    [
        pytest.param(
            [{"op": "test", "path": "/spec/replicas", "value": 3}], Invalid, id="a test that fails"
        ),
        pytest.param([{"op": "remove", "path": "/spec/none"}], Invalid, id="nothing there"),
        pytest.param([{"op": "replace", "path": "/spec/list/7", "value": 1}], Invalid, id="index"),
        pytest.param([{"op": "shift", "path": "/spec"}], BadRequest, id="unknown operation"),
        pytest.param([{"path": "/spec"}], BadRequest, id="no operation"),
        pytest.param([{"op": "replace", "path": "", "value": 3}], Invalid, id="no object is left"),
        pytest.param(["replace"], BadRequest, id="not an operation"),
    ],
)
def test_what_does_not_fit_is_refused(operations: list[Any], error: type[KfsimError]) -> None:
    with pytest.raises(error):
        apply_json_patch(TARGET, operations)
