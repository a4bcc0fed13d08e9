"""Values of Secrets from the environment."""

import pytest

from kfsim.base.errors import Invalid
from kfsim.daemon.secret_values import fill_secrets

ENVIRONMENT = {"KEY": "hush", "EMPTY": "", "ODD": "${KEY}$$"}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${KEY}", "hush"),
        ("a-${KEY}-b", "a-hush-b"),
        ("plain $KEY {x}", "plain $KEY {x}"),
        ("$${KEY}", "${KEY}"),
        ("${NONE:-other}", "other"),
        ("${NONE:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-other}", "other"),
        ("${ODD}", "${KEY}$$"),
    ],
)
def test_references_are_replaced_once(template: str, value: str) -> None:
    filled = fill_secrets({"ns/s": {"k": template}}, ENVIRONMENT, shown="f")
    assert filled == {("ns", "s"): {"k": value}}


def test_every_missing_variable_is_named_and_no_value() -> None:
    secrets = {"ns/s": {"a": "${KEY}${ONE}", "b": "${TWO}"}}
    with pytest.raises(Invalid) as caught:
        fill_secrets(secrets, ENVIRONMENT, shown="kfsim.yaml")
    assert caught.value.message.splitlines() == [
        f"kfsim.yaml: secrets.ns/s.{key} needs the environment variable {name}, which is not set; "
        f"export it before `kfsim up`, or write ${{{name}:-DEFAULT}}"
        for key, name in (("a", "ONE"), ("b", "TWO"))
    ]
    assert "hush" not in caught.value.message
