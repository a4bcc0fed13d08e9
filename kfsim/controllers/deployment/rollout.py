"""How many Pods of the new and of the old template there should be right now.

Pure. Recreate ends all old Pods first. RollingUpdate keeps at most `desired + surge` Pods and at
least `desired - unavailable` available ones (kubernetes pkg/controller/deployment/rolling.go).
Worked: 4 desired, 25 % each, so surge 1 and unavailable 1: with 4 old available, one new Pod is
made and one old Pod ends at once; each new Pod that becomes available lets the next old one go.
"""

import math
from dataclasses import dataclass
from typing import Any

_DEFAULT_SHARE = "25%"


@dataclass(frozen=True, slots=True)
class Counts:
    """Live Pods, those on their way out excluded."""

    new: int
    new_available: int
    old: int
    old_available: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: `create` and `remove_new` for the new template, `remove_old` for the rest."""

    create: int = 0
    remove_new: int = 0
    remove_old: int = 0


def plan_rollout(counts: Counts, *, desired: int, strategy: dict[str, Any] | None) -> Plan:
    """The next step towards `desired` Pods of the new template and none of the old."""
    if counts.old == 0:
        return Plan(create=max(0, desired - counts.new), remove_new=max(0, counts.new - desired))
    if desired == 0:
        return Plan(remove_new=counts.new, remove_old=counts.old)
    if (strategy or {}).get("type") == "Recreate":
        return Plan(remove_old=counts.old)
    surge, unavailable = resolve_fences(strategy, desired)
    room = desired + surge - counts.new - counts.old
    create = max(0, min(room, desired - counts.new))
    least = desired - unavailable
    # New Pods that do not serve yet may still fail, so they do not count here.
    room_below = max(0, counts.old + counts.new_available - least)
    broken = min(counts.old - counts.old_available, room_below)
    spare = max(0, counts.new_available + counts.old_available - least) if room_below else 0
    return Plan(
        create=create,
        remove_new=max(0, counts.new - desired),
        remove_old=min(counts.old, broken + spare),
    )


def resolve_fences(strategy: dict[str, Any] | None, desired: int) -> tuple[int, int]:
    """maxSurge (percent rounded up) and maxUnavailable (rounded down); never both zero."""
    given = (strategy or {}).get("rollingUpdate") or {}
    surge = _share(given.get("maxSurge", _DEFAULT_SHARE), desired, up=True)
    unavailable = _share(given.get("maxUnavailable", _DEFAULT_SHARE), desired, up=False)
    return surge, 1 if surge == 0 and unavailable == 0 else unavailable


def _share(value: int | str, of: int, *, up: bool) -> int:
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    exact = of * int(text[:-1]) / 100
    return math.ceil(exact) if up else math.floor(exact)
