"""Values of Secrets from the environment: `${NAME}`, `${NAME:-default}`, `$$` for a dollar sign.

Pure. A name that the environment lacks is an error that names it, and never a value.
"""

import re
from collections.abc import Mapping

from kfsim.base.errors import Invalid
from kfsim.controllers.pod import FilledSecrets

_REFERENCE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")


def fill_secrets(
    secrets: Mapping[str, Mapping[str, str]], environment: Mapping[str, str], *, shown: str
) -> FilledSecrets:
    """By namespace and name. Raises Invalid that lists all that is missing, a line each."""
    missing: list[str] = []
    filled: dict[tuple[str, str], dict[str, str]] = {}
    for place, templates in secrets.items():
        namespace, _, name = place.partition("/")
        values = filled[namespace, name] = {}
        for key, template in templates.items():
            lacking = _missing(template, environment)
            missing += (
                f"{shown}: secrets.{place}.{key} needs the environment variable {each}, which is "
                "not set; export it before `kfsim up`, or write ${" + each + ":-DEFAULT}"
                for each in lacking
            )
            if not lacking:
                values[key] = _fill(template, environment)
    if missing:
        raise Invalid("\n".join(missing))
    return filled


def _missing(template: str, environment: Mapping[str, str]) -> list[str]:
    found = _REFERENCE.finditer(template)
    names = (each[1] for each in found if each[1] and each[2] is None)
    return [name for name in dict.fromkeys(names) if name not in environment]


def _fill(template: str, environment: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return environment.get(match[1]) or match[2] or ""

    return _REFERENCE.sub(value, template)
