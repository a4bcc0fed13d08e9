"""What the daemon knows of scale to zero, as words: the plan, the countdown, a cold answer."""

from collections.abc import Mapping
from typing import Any

from kfsim.cli.client import ApiClient

_NEVER = "never"
_SHORTEST_PHASE = 0.0005


def read_scale(client: ApiClient) -> dict[tuple[str, str], dict[str, Any]]:
    """A row by namespace and name of every service that has been ready."""
    rows = client.get("/kfsim/v1/scale")["services"]
    return {(row["namespace"], row["name"]): row for row in rows}


def describe_plan(plan: str) -> str:
    """`scales to zero 60 s after the last request`, `never scales to zero: minReplicas 1`; empty
    while nothing is known."""
    if not plan:
        return ""
    if plan.startswith(_NEVER):
        return f"never scales to zero{plan.removeprefix(_NEVER)}"
    return f"scales to zero {plan}"


def describe_countdown(row: Mapping[str, Any] | None) -> str:
    """One cell: `53s` until the last replica goes, `never`, or empty where nothing counts down."""
    if row is None:
        return ""
    left = row["zeroInSeconds"]
    if left is not None:
        return f"{left:.0f}s"
    return _NEVER if row["zero"].startswith(_NEVER) else ""


def describe_cold_start(cold: Mapping[str, Any]) -> str:
    """`answered from zero in 68 ms (queue 2, start 40, load 20, answer 6)`; phases too short to
    show are left out."""
    seconds = cold["seconds"]
    scale, unit, digits = (1000, "ms", 0) if seconds < 10 else (1, "s", 1)
    phases = ", ".join(
        f"{name} {amount * scale:.{digits}f}"
        for name, amount in cold["phases"].items()
        if amount >= _SHORTEST_PHASE
    )
    total = f"answered from zero in {seconds * scale:.{digits}f} {unit}"
    return f"{total} ({phases})" if phases else total


class ColdReports:
    """Tells each answer from zero once; those before the first look are old news."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] | None = None

    def take(self, rows: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[str]:
        """A line for each that is new."""
        latest = {key: row["coldStart"] for key, row in rows.items() if row["coldStart"]}
        seen, self._seen = self._seen, {key: cold["answeredAt"] for key, cold in latest.items()}
        if seen is None:
            return []
        return [
            f"{_shown(*key)}: {describe_cold_start(cold)}"
            for key, cold in latest.items()
            if seen.get(key) != cold["answeredAt"]
        ]


def _shown(namespace: str, name: str) -> str:
    return name if namespace == "default" else f"{namespace}/{name}"
