"""config-network as it is read."""

import pytest

from kfsim.api.config.network import NetworkConfig
from kfsim.base.errors import Invalid


def test_defaults_and_both_spellings() -> None:
    assert NetworkConfig.parse({}) == NetworkConfig(
        "{{.Name}}.{{.Namespace}}.{{.Domain}}", "{{.Tag}}-{{.Name}}"
    )
    given = "{{.Name}}-{{.Namespace}}.{{.Domain}}"
    assert NetworkConfig.parse({"domain-template": given}).domain_template == given
    assert NetworkConfig.parse({"domainTemplate": given}).domain_template == given
    by_label = '{{.Name}}.{{index .Labels "team"}}.{{.Domain}}'
    assert NetworkConfig.parse({"domain-template": by_label}).domain_template == by_label


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"domain-template": "{{.Nam}}.{{.Domain}}"}, r"domain-template: \{\{\.Nam\}\}"),
        ({"domain-template": "{{.Name}}_{{.Domain}}"}, "foo_baz.com"),
        ({"domain-template": ""}, "no host name"),
        ({"tag-template": "{{.Tag}}.{{.Domain}}"}, r"tag-template: \{\{\.Domain\}\}"),
    ],
)
def test_a_bad_template_is_named(data: dict[str, str], named: str) -> None:
    with pytest.raises(Invalid, match=named):
        NetworkConfig.parse(data)
