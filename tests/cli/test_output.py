"""Tables and jsonpath, as kubectl prints them."""

from typing import Any

import pytest

from kfsim.base.errors import BadRequest
from kfsim.cli.output import evaluate_jsonpath, format_bytes, format_table, table_cells

OBJECT: dict[str, Any] = {
    "metadata": {"name": "iris", "labels": {"a.b/c": "x"}},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "Other", "status": "False"},
        ],
        "traffic": [{"percent": 90}, {"percent": 10}],
        "copies": {"total": 2},
    },
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.metadata.name}", "iris"),
        ("{$.metadata.name}", "iris"),
        ('{.status.conditions[?(@.type=="Ready")].status}', "True"),
        ("{.status.conditions[*].type}", "Ready Other"),
        ("{.status.traffic[0].percent}", "90"),
        ("{.status.traffic[-1].percent}", "10"),
        ("{.status.traffic[7].percent}", ""),
        ("{.metadata.labels.a\\.b/c}", "x"),
        ("{.metadata.labels['a.b/c']}", "x"),
        ("{.status.copies}", '{"total":2}'),
        ("name={.metadata.name}{'\\n'}", "name=iris\n"),
        ("{.nothing.here}", ""),
    ],
)
def test_jsonpath(template: str, text: str) -> None:
    assert evaluate_jsonpath(template, OBJECT) == text


@pytest.mark.parametrize("template", ["{.a", "{.a[0}", "{.items[?(1)]}"])
def test_a_malformed_template_is_named(template: str) -> None:
    with pytest.raises(BadRequest, match="jsonpath"):
        evaluate_jsonpath(template, {"items": [1], "a": [1]})


def test_columns_align_and_the_last_is_not_padded() -> None:
    text = format_table(["NAME", "AGE"], [["a-long-name", "5s"], ["b", "10s"]])
    assert text == "NAME          AGE\na-long-name   5s\nb             10s"


def test_wide_columns_show_only_when_asked() -> None:
    table = {
        "columnDefinitions": [{"name": "Name"}, {"name": "Node", "priority": 1}],
        "rows": [{"cells": ["a", None], "object": {"metadata": {"namespace": "n"}}}],
    }
    assert table_cells(table, wide=False, namespaces=False) == (["NAME"], [["a"]])
    assert table_cells(table, wide=True, namespaces=True) == (
        ["NAMESPACE", "NAME", "NODE"],
        [["n", "a", ""]],
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_949, "9.9 kB"), (12_345, "12 kB"),
     (999_600, "1.0 MB"), (120_000_000, "120 MB"), (5_300_000_000, "5.3 GB"),
     (7 * 10**15, "7000 TB")],
)  # fmt: skip
def test_bytes_are_said_in_three_digits(count: int, text: str) -> None:
    assert format_bytes(count) == text
