"""Which rule is about a field."""

from typing import Any

import pytest

from kfsim.api import core
from kfsim.api.fidelity.effects import Effect, FieldTable, Rule, When, tables_of
from kfsim.api.fidelity.table import TABLES
from kfsim.api.kserve import types as kserve

ALWAYS = frozenset((When.ALWAYS,))


@pytest.mark.parametrize(
    ("rule", "name", "value", "covered"),
    [
        (Rule(("a", "b"), Effect.IGNORED, ""), "b", 1, True),
        (Rule(("a",), Effect.IGNORED, ""), "b", 1, False),
        (Rule(("limits.hugepages-*",), Effect.IGNORED, ""), "limits.hugepages-2Mi", "1Gi", True),
        (Rule(("limits.hugepages-*",), Effect.IGNORED, ""), "limits.cpu", "1", False),
        (Rule(("a",), Effect.IGNORED, "", When.PROCESS), "a", 1, False),
        (Rule(("a",), Effect.IGNORED, "", unless=(False,)), "a", False, False),
        (Rule(("a",), Effect.IGNORED, "", unless=(False,)), "a", 0, True),
        (Rule(("a",), Effect.IGNORED, "", unless=({},)), "a", {}, False),
        (Rule(("a",), Effect.IGNORED, "", only=("Standard",)), "a", "Standard", True),
        (Rule(("a",), Effect.IGNORED, "", only=("Standard",)), "a", "Knative", False),
    ],
    ids=[
        "one-of-its-fields",
        "another-field",
        "a-pattern",
        "no-match",
        "a-condition-that-does-not-hold",
        "a-value-that-loses-nothing",
        "zero-is-not-false",
        "empty",
        "the-value",
        "another-value",
    ],
)
def test_what_a_rule_covers(rule: Rule, name: str, value: Any, covered: bool) -> None:
    assert rule.covers(name, value, siblings={name: value}, conditions=ALWAYS) is covered


@pytest.mark.parametrize(("medium", "covered"), [("Memory", False), ("", True)])
def test_a_rule_may_be_void_beside_another_field(medium: str, covered: bool) -> None:
    rule = Rule(("sizeLimit",), Effect.IGNORED, "", void_beside=("medium", "Memory"))
    siblings = {"sizeLimit": "1Gi", "medium": medium}
    assert rule.covers("sizeLimit", "1Gi", siblings=siblings, conditions=ALWAYS) is covered


def test_the_first_rule_wins() -> None:
    first, second = (Rule(("a",), Effect.IGNORED, why) for why in ("one", "two"))
    assert (
        FieldTable(core.KeyToPath, (), (first, second)).find(
            "a", 1, siblings={"a": 1}, conditions=ALWAYS
        )
        is first
    )


def test_a_table_looks_below_a_field_that_has_rules_about_its_keys() -> None:
    table = FieldTable(core.KeyToPath, (), (Rule(("limits.cpu",), Effect.IGNORED, ""),))
    assert table.looks_below("limits")
    assert not table.looks_below("limit")


def test_a_model_has_the_tables_of_its_bases() -> None:
    found = [each.model for each in tables_of(kserve.PredictorSpec, TABLES)]
    assert found == [kserve.PredictorSpec, kserve.ComponentSpec, core.PodSpec]
    assert not tables_of(core.Probe, TABLES)
