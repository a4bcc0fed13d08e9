"""config-domain: which domain a Route's hosts end in.

Rules from knative pkg/reconciler/route/config/domain.go.

    data:
      example.org: |
        selector:
          app: prod
      example.com: ""

The most specific selector that matches the Route's labels counts; of equals, the first by name. A
domain without a selector is the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from kfsim.base.errors import Invalid

CONFIG_DOMAIN: Final = "config-domain"
_EXAMPLE: Final = "_example"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """Domains with the labels that they ask for."""

    domains: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    @classmethod
    def parse(cls, data: Mapping[str, str], *, default: str) -> "DomainConfig":
        """`default` is the domain where the ConfigMap names none without a selector. Raises
        Invalid."""
        domains = {name: _selector(name, text) for name, text in data.items() if name != _EXAMPLE}
        if all(domains.values()):
            domains[default] = ()
        return cls(tuple(sorted(domains.items())))

    def lookup(self, labels: Mapping[str, str]) -> str:
        """The domain of a Route with these labels."""
        matching = [
            (-len(selector), domain)
            for domain, selector in self.domains
            if all(labels.get(key) == value for key, value in selector)
        ]
        return min(matching)[1]


def _selector(domain: str, text: str) -> tuple[tuple[str, str], ...]:
    try:
        content = yaml.load(text, Loader=_Loader)  # a safe loader, in C
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or error
        raise Invalid(f"{CONFIG_DOMAIN}: {domain}: not valid YAML: {problem}") from error
    selector = (
        {} if content is None else content.get("selector") if isinstance(content, dict) else 0
    )
    selector = {} if selector is None else selector
    if not isinstance(selector, dict) or not all(
        isinstance(word, str) for pair in selector.items() for word in pair
    ):
        raise Invalid(
            f"{CONFIG_DOMAIN}: {domain} is {text.strip()!r}; expected nothing, or selector: with "
            "labels and their values as text"
        )
    return tuple(sorted(selector.items()))
