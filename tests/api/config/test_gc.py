"""config-gc as it is read."""

import pytest

from kfsim.api.config.gc import GarbageCollectionConfig
from kfsim.base.errors import Invalid


def test_defaults_are_knatives() -> None:
    config = GarbageCollectionConfig.parse({})
    assert config == GarbageCollectionConfig(48 * 3600.0, 15 * 3600.0, 20, 1000)


def test_every_rule_can_be_disabled() -> None:
    config = GarbageCollectionConfig.parse(
        {
            "retain-since-create-time": "disabled",
            "retain-since-last-active-time": "disabled",
            "min-non-active-revisions": "0",
            "max-non-active-revisions": "disabled",
        }
    )
    assert config == GarbageCollectionConfig(None, None, 0, None)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"retain-since-create-time": "soon"}, "retain-since-create-time"),
        ({"retain-since-last-active-time": "-1h"}, "must not be negative"),
        ({"min-non-active-revisions": "-1"}, "at least 0"),
        ({"max-non-active-revisions": "many"}, "'many'"),
        ({"min-non-active-revisions": "3", "max-non-active-revisions": "2"}, "more than"),
    ],
)
def test_a_bad_value_is_named(data: dict[str, str], named: str) -> None:
    with pytest.raises(Invalid, match=named):
        GarbageCollectionConfig.parse(data)
