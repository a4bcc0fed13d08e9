"""Values of a ConfigMap's data; each raises Invalid that names ConfigMap, key, value and mend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kfsim.base.errors import Invalid
from kfsim.base.quantities import parse_duration, parse_quantity

_BOOLEANS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Reading:
    """One ConfigMap's data; a key that is absent has its default."""

    name: str
    data: Mapping[str, str]

    def count(self, key: str, default: int) -> int:
        """A whole number of at least 0."""
        text = self.data.get(key)
        if text is None:
            return default
        if not text.isdecimal():
            raise self.refusal(f"{key} is {text!r}; expected a whole number of at least 0")
        return int(text)

    def boolean(self, key: str, *, default: bool) -> bool:
        """`true` or `false`; `default` is taken for absent."""
        text = self.data.get(key)
        if text is None or text == "default":
            return default
        if text.lower() not in _BOOLEANS:
            raise self.refusal(f"{key} is {text!r}; expected true or false")
        return _BOOLEANS[text.lower()]

    def duration(self, key: str, default: float, *, hint: str = "") -> float:
        """Seconds of a Go duration, not negative; `hint` is what else may be written."""
        text = self.data.get(key)
        if text is None:
            return default
        try:
            seconds = parse_duration(text)
        except ValueError as error:
            raise self.refusal(f"{key}: {error}{hint}") from error
        if seconds < 0:
            raise self.refusal(f"{key} is {text}; it must not be negative{hint}")
        return seconds

    def quantity(self, key: str) -> str | None:
        """A resource quantity, as it is written."""
        text = self.data.get(key)
        if text is None:
            return None
        try:
            parse_quantity(text)
        except ValueError as error:
            raise self.refusal(f"{key}: {error}") from error
        return text

    def refusal(self, text: str) -> Invalid:
        return Invalid(f"{self.name}: {text}")
