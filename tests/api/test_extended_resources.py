"""nvidia.com/gpu and its like: whole numbers, limits that equal requests."""

from typing import Any

import pytest

from kfsim.api.core import Container
from kfsim.api.extended_resources import (
    extended_amounts,
    is_extended_resource,
    validate_extended_resources,
)
from kfsim.base.errors import Invalid


def container(**resources: Any) -> Container:
    return Container.model_validate({"name": "c", "resources": resources})


@pytest.mark.parametrize(
    ("name", "extended"),
    [
        ("nvidia.com/gpu", True),
        ("foo.com/bar", True),
        ("cpu", False),
        ("hugepages-2Mi", False),
        ("kubernetes.io/batch", False),
        ("batch.kubernetes.io/x", False),
        ("requests.nvidia.com/gpu", False),
    ],
)
def test_which_names_are_extended_resources(name: str, extended: bool) -> None:
    assert is_extended_resource(name) is extended


@pytest.mark.parametrize(
    ("resources", "problems"),
    [
        ({"limits": {"nvidia.com/gpu": 1, "cpu": "500m"}, "requests": {"cpu": "100m"}}, []),
        ({"limits": {"a.io/b": "2"}, "requests": {"a.io/b": 2}}, []),
        (
            {"limits": {"a.io/b": "0.5"}},
            [("c.resources.limits.a.io/b", 'Invalid value: "0.5": must be an integer')],
        ),
        (
            {"requests": {"a.io/b": 1}},
            [
                (
                    "c.resources.limits",
                    "Required value: Limit must be set for non overcommitable resources",
                )
            ],
        ),
        (
            {"limits": {"a.io/b": 2}, "requests": {"a.io/b": 1}},
            [
                (
                    "c.resources.requests",
                    'Invalid value: "1": must be equal to a.io/b limit of 2',
                )
            ],
        ),
        ({"limits": {"a.io/b": "many"}, "requests": {"a.io/b": "few"}}, []),
    ],
    ids=["good", "spelled-differently", "fraction", "no-limit", "unequal", "left-to-others"],
)
def test_validation(resources: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    found = validate_extended_resources(container(**resources), path="c")
    assert [(each.field, each.message) for each in found] == problems


def test_a_limit_is_the_request_and_native_resources_do_not_count() -> None:
    given = container(limits={"a.io/b": "2", "cpu": 1}, requests={"c.io/d": 1, "memory": "1Gi"})
    assert extended_amounts(given) == {"a.io/b": 2, "c.io/d": 1}
    assert extended_amounts(Container(name="c")) == {}


@pytest.mark.parametrize("amount", ["1.5", "-1", "lots"])
def test_an_amount_that_is_no_whole_number_is_invalid(amount: str) -> None:
    with pytest.raises(Invalid, match="container c asks for"):
        extended_amounts(container(limits={"a.io/b": amount}))
