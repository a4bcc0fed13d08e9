"""config-gc: which Revisions that get no traffic are kept (knative pkg/gc/config.go)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kfsim.base.errors import Invalid
from kfsim.base.quantities import parse_duration

CONFIG_GC: Final = "config-gc"
_DISABLED: Final = "disabled"
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class GarbageCollectionConfig:
    """Times in seconds; None where the ConfigMap says `disabled`, so that the rule has no part."""

    retain_since_create_time: float | None = 48 * _HOUR
    retain_since_last_active_time: float | None = 15 * _HOUR
    min_non_active_revisions: int = 20
    max_non_active_revisions: int | None = 1000

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> "GarbageCollectionConfig":
        """Raises Invalid."""
        default = cls()
        config = cls(
            retain_since_create_time=_duration(
                data, "retain-since-create-time", default.retain_since_create_time
            ),
            retain_since_last_active_time=_duration(
                data, "retain-since-last-active-time", default.retain_since_last_active_time
            ),
            min_non_active_revisions=_count(
                data, "min-non-active-revisions", default.min_non_active_revisions
            ),
            max_non_active_revisions=None
            if data.get("max-non-active-revisions") == _DISABLED
            else _count(data, "max-non-active-revisions", default.max_non_active_revisions or 0),
        )
        most = config.max_non_active_revisions
        if most is not None and config.min_non_active_revisions > most:
            raise Invalid(
                f"{CONFIG_GC}: min-non-active-revisions {config.min_non_active_revisions} must not "
                f"be more than max-non-active-revisions {most}"
            )
        return config


def _duration(data: Mapping[str, str], key: str, default: float | None) -> float | None:
    text = data.get(key)
    if text is None:
        return default
    if text == _DISABLED:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise Invalid(f"{CONFIG_GC}: {key}: {error}; or {_DISABLED}") from error
    if seconds < 0:
        raise Invalid(f"{CONFIG_GC}: {key} is {text}; it must not be negative, or be {_DISABLED}")
    return seconds


def _count(data: Mapping[str, str], key: str, default: int) -> int:
    text = data.get(key)
    if text is None:
        return default
    if not text.isdecimal():
        raise Invalid(f"{CONFIG_GC}: {key} is {text!r}; expected a whole number of at least 0")
    return int(text)
