"""What a version cannot say survives an update through it; what it can say is the client's."""

from typing import Any

import pytest

from kfsim.api.conversion import keep_unsayable


@pytest.mark.parametrize(
    ("stored", "before", "after", "result"),
    [
        pytest.param({"a": 1, "x": 2}, {"a": 1}, {"a": 3}, {"a": 3, "x": 2}, id="changed"),
        pytest.param({"a": 1, "x": 2}, {"a": 1}, {}, {"x": 2}, id="removed"),
        pytest.param({"x": 2}, {}, {"b": 1}, {"x": 2, "b": 1}, id="added"),
        pytest.param({"a": 1, "x": 2}, {"a": 1}, {"a": 1}, {"a": 1, "x": 2}, id="unchanged"),
        pytest.param(
            {"p": {"a": 1, "x": 2}}, {"p": {"a": 1}}, {"p": {"a": 4}}, {"p": {"a": 4, "x": 2}},
            id="nested",
        ),
        pytest.param({"p": {"a": 1, "x": 2}}, {"p": {"a": 1}}, {}, {}, id="whole part removed"),
        pytest.param(
            [{"name": "a"}, {"name": "side"}], [{"name": "a"}], [{"name": "b"}],
            [{"name": "b"}, {"name": "side"}], id="containers beyond the first stay",
        ),
        pytest.param([1, 2], [1, 2], [1], [1], id="list shortened"),
        pytest.param([1], [1], [1, 2], [1, 2], id="list lengthened"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 1}}, {"a": 7}, {"a": 7}, id="another type"),
    ],
)  # fmt: skip
def test_an_update_through_another_version(
    stored: Any, before: Any, after: Any, result: Any
) -> None:
    assert keep_unsayable(stored, before, after) == result
