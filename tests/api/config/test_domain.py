"""config-domain as it is read, and the domain of a Route."""

import pytest

from kfsim.api.config.domain import DomainConfig
from kfsim.base.errors import Invalid

DATA = {
    "_example": "not read",
    "example.com": "",
    "prod.example.org": "selector:\n  env: prod\n",
    "blue.example.org": "selector:\n  env: prod\n  colour: blue\n",
}


@pytest.mark.parametrize(
    ("labels", "domain"),
    [
        pytest.param({}, "example.com", id="default"),
        pytest.param({"env": "test"}, "example.com", id="no match"),
        pytest.param({"env": "prod"}, "prod.example.org", id="match"),
        pytest.param({"env": "prod", "colour": "blue"}, "blue.example.org", id="more specific"),
    ],
)
def test_the_most_specific_selector_counts(labels: dict[str, str], domain: str) -> None:
    assert DomainConfig.parse(DATA, default="localhost").lookup(labels) == domain


def test_of_two_defaults_the_first_by_name_counts() -> None:
    config = DomainConfig.parse({"b.org": "", "a.org": "{}"}, default="localhost")
    assert config.lookup({}) == "a.org"


def test_without_a_default_there_is_ours() -> None:
    data = {"prod.org": "selector: {env: prod}"}
    assert DomainConfig.parse(data, default="localhost").lookup({}) == "localhost"


@pytest.mark.parametrize("text", ["selector: {env: 1}", "selector: prod", "prod", "{"])
def test_a_bad_selector_is_named(text: str) -> None:
    with pytest.raises(Invalid, match=r"config-domain: x\.org"):
        DomainConfig.parse({"x.org": text}, default="localhost")
