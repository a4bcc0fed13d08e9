"""The Go templates that upstream evaluates: in a ServingRuntime's containers, in config-network.

Understood are `{{.Name}}`, `{{.Labels.key}}` and `index .Labels "a/b"` (for keys that are no
identifiers), over the fields that the caller gives. A key that is missing prints as Go prints it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Fields = Mapping[str, str | Mapping[str, str]]
"""What a template sees: texts, and mappings such as labels."""

_ACTION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_PLAIN: Final = re.compile(r"\.(?:ObjectMeta\.)?([A-Z]\w*)")
_FIELD: Final = re.compile(r"\.(?:ObjectMeta\.)?([A-Z]\w*)\.([A-Za-z_]\w*)")
_INDEX: Final = re.compile(r'index\s+\.(?:ObjectMeta\.)?([A-Z]\w*)\s+"([^"]*)"')
_NO_VALUE: Final = "<no value>"


class InvalidTemplate(ValueError):
    """An action outside the understood subset; the message names it."""


def render(text: str, fields: Fields) -> str:
    """`text` with its actions evaluated. Raises InvalidTemplate."""
    if "{{" not in text:
        return text
    rendered = _ACTION.sub(lambda match: _evaluate(match[1], fields), text)
    if "{{" in _ACTION.sub("", text):
        raise InvalidTemplate(f"unclosed action in {text!r}")
    return rendered


def render_all(value: Any, fields: Fields) -> Any:
    """Every string within JSON-like data rendered."""
    return _mapped(value, lambda text: render(text, fields))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(item, change) for item in value]
    return value


def _evaluate(action: str, fields: Fields) -> str:
    plain = _PLAIN.fullmatch(action)
    if plain is not None:
        text = fields.get(plain[1])
        if isinstance(text, str):
            return text
    found = _FIELD.fullmatch(action) or _INDEX.fullmatch(action)
    if found is not None:
        values = fields.get(found[1])
        if isinstance(values, Mapping):
            return values.get(found[2], _NO_VALUE)
    raise InvalidTemplate(f"{{{{{action}}}}} is not understood; use {_describe(fields)}")


def _describe(fields: Fields) -> str:
    """What may be written."""
    words = [
        f".{name}" if isinstance(value, str) else f'.{name}.KEY, index .{name} "KEY"'
        for name, value in fields.items()
    ]
    return f"{', '.join(words[:-1])} or {words[-1]}"
