"""Values of ConfigMaps, good and bad."""

import pytest

from kfsim.api.config.reading import Reading
from kfsim.base.errors import Invalid

GIVEN = Reading("config-x", {"n": "7", "yes": "True", "d": "1m", "q": "1Gi", "bad": "-1s"})


def test_values() -> None:
    assert (GIVEN.count("n", 1), GIVEN.count("none", 1)) == (7, 1)
    assert GIVEN.boolean("yes", default=False)
    assert not GIVEN.boolean("none", default=False)
    assert Reading("x", {"k": "default"}).boolean("k", default=True)
    assert (GIVEN.duration("d", 5), GIVEN.duration("none", 5)) == (60, 5)
    assert (GIVEN.quantity("q"), GIVEN.quantity("none")) == ("1Gi", None)


def test_refusals_name_map_key_value_and_mend() -> None:
    with pytest.raises(Invalid, match=r"config-x: bad is '-1s'; expected a whole number"):
        GIVEN.count("bad", 1)
    with pytest.raises(Invalid, match=r"config-x: bad is '-1s'; expected true or false"):
        GIVEN.boolean("bad", default=True)
    with pytest.raises(Invalid, match=r"config-x: bad is -1s; it must not be negative; or off"):
        GIVEN.duration("bad", 1, hint="; or off")
    with pytest.raises(Invalid, match=r"config-x: yes: .*; or off"):
        GIVEN.duration("yes", 1, hint="; or off")
    with pytest.raises(Invalid, match="config-x: yes: "):
        GIVEN.quantity("yes")
