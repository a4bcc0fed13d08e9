"""By which member a list's items are known."""

from typing import Any

import pytest

from kfsim.kubeapi.patching.list_keys import is_set, list_key


@pytest.mark.parametrize(
    ("field", "lists", "key"),
    [
        ("containers", [[{"name": "a"}]], "name"),
        ("volumeMounts", [[], [{"mountPath": "/m"}]], "mountPath"),
        ("ports", [[{"containerPort": 1}]], "containerPort"),
        ("ports", [[{"port": 1}]], "port"),
        ("ports", [[{"containerPort": 1}], [{"port": 1}]], None),
        ("ports", [[]], None),
        ("args", [["x"]], None),
        ("containers", [[{"image": "x"}]], None),
        ("secrets", [["x"]], None),
    ],
)
def test_keys(field: str, lists: list[list[Any]], key: str | None) -> None:
    assert list_key(field, *lists) == key


def test_sets() -> None:
    assert is_set("finalizers")
    assert not is_set("args")
