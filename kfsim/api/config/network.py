"""config-network: how hosts are made (knative.dev/networking pkg/config/config.go).

Of its keys domain-template and tag-template are understood; certificates, other ingress classes and
autocreated domain claims have no meaning here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kfsim.base.errors import Invalid
from kfsim.base.gotemplates import Fields, InvalidTemplate, render

CONFIG_NETWORK: Final = "config-network"
_HOST: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DOMAIN_SAMPLE: Final[Fields] = {
    "Name": "foo",
    "Namespace": "bar",
    "Domain": "baz.com",
    "Labels": {},
    "Annotations": {},
}
_TAG_SAMPLE: Final[Fields] = {"Name": "foo", "Tag": "bar"}


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Go templates; the domain's sees Name, Namespace, Domain, Labels and Annotations of the Route,
    the tag's sees Name and Tag."""

    domain_template: str = "{{.Name}}.{{.Namespace}}.{{.Domain}}"
    tag_template: str = "{{.Tag}}-{{.Name}}"

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> "NetworkConfig":
        """Raises Invalid for templates that cannot be evaluated or make no host name."""
        default = cls()
        domain = data.get("domain-template", data.get("domainTemplate", default.domain_template))
        tag = data.get("tag-template", data.get("tagTemplate", default.tag_template))
        _check("domain-template", domain, _DOMAIN_SAMPLE)
        _check("tag-template", tag, _TAG_SAMPLE)
        return cls(domain_template=domain, tag_template=tag)


def _check(key: str, template: str, sample: Fields) -> None:
    try:
        host = render(template, sample)
    except InvalidTemplate as error:
        raise Invalid(f"{CONFIG_NETWORK}: {key}: {error}") from error
    if "<no value>" in host:  # labels and annotations are the Route's own
        return
    if not _HOST.fullmatch(host):
        raise Invalid(
            f"{CONFIG_NETWORK}: {key} {template!r} makes {host!r}, which is no host name; expected "
            f"for example {getattr(NetworkConfig(), key.replace('-', '_'))!r}"
        )
