"""config-gc: which Revisions that get no traffic are kept (knative pkg/gc/config.go)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kfsim.api.config.reading import Reading
from kfsim.base.errors import Invalid

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
        default, given = cls(), Reading(CONFIG_GC, data)
        config = cls(
            retain_since_create_time=_duration(
                given, "retain-since-create-time", default.retain_since_create_time or 0.0
            ),
            retain_since_last_active_time=_duration(
                given, "retain-since-last-active-time", default.retain_since_last_active_time or 0.0
            ),
            min_non_active_revisions=given.count(
                "min-non-active-revisions", default.min_non_active_revisions
            ),
            max_non_active_revisions=None
            if data.get("max-non-active-revisions") == _DISABLED
            else given.count("max-non-active-revisions", default.max_non_active_revisions or 0),
        )
        most = config.max_non_active_revisions
        if most is not None and config.min_non_active_revisions > most:
            raise Invalid(
                f"{CONFIG_GC}: min-non-active-revisions {config.min_non_active_revisions} must not "
                f"be more than max-non-active-revisions {most}"
            )
        return config


def _duration(given: Reading, key: str, default: float) -> float | None:
    if given.data.get(key) == _DISABLED:
        return None
    return given.duration(key, default, hint=f"; or {_DISABLED}")
