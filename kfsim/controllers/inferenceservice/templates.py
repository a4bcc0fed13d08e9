"""Go templates in a ServingRuntime's containers, over the InferenceService's metadata.

KServe evaluates `{{.Name}}`, `{{.Namespace}}`, `{{.Labels.key}}`, `{{.Annotations.key}}` (and
`index .Labels "a/b"` for keys that are no identifiers); that is the subset understood here. A key
that is missing prints as Go prints it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_ACTION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_FIELD: Final = re.compile(r"\.(?:ObjectMeta\.)?(Labels|Annotations)\.([A-Za-z_]\w*)")
_INDEX: Final = re.compile(r'index\s+\.(?:ObjectMeta\.)?(Labels|Annotations)\s+"([^"]*)"')
_PLAIN: Final = re.compile(r"\.(?:ObjectMeta\.)?(Name|Namespace)")
_NO_VALUE: Final = "<no value>"


class InvalidTemplate(ValueError):
    """An action outside the understood subset; the message names it."""


@dataclass(frozen=True, slots=True)
class TemplateData:
    """What the templates see."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def render(text: str, data: TemplateData) -> str:
    """`text` with its actions evaluated. Raises InvalidTemplate."""
    if "{{" not in text:
        return text
    rendered = _ACTION.sub(lambda match: _evaluate(match[1], data), text)
    if "{{" in _ACTION.sub("", text):
        raise InvalidTemplate(f"unclosed action in {text!r}")
    return rendered


def render_all(value: Any, data: TemplateData) -> Any:
    """Every string within JSON-like data rendered."""
    return _mapped(value, lambda text: render(text, data))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(item, change) for item in value]
    return value


def _evaluate(action: str, data: TemplateData) -> str:
    plain = _PLAIN.fullmatch(action)
    if plain is not None:
        return data.name if plain[1] == "Name" else data.namespace
    field = _FIELD.fullmatch(action) or _INDEX.fullmatch(action)
    if field is None:
        raise InvalidTemplate(
            f"{{{{{action}}}}} is not understood; use .Name, .Namespace, .Labels.KEY, "
            '.Annotations.KEY or index .Labels "KEY"'
        )
    values = data.labels if field[1] == "Labels" else data.annotations
    return values.get(field[2], _NO_VALUE)
