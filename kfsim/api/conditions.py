"""Condition sets as knative.dev/pkg keeps them: a happy condition follows its dependents.

A living set (`Ready`) is True when all its dependents are True, False when one is False, else
Unknown. `mark` keeps `lastTransitionTime` while nothing but the time would change, and a changed
reason or message counts as a transition (knative.dev/pkg apis/condition_set.go).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kfsim.api.meta import Condition

TRUE = "True"
FALSE = "False"
UNKNOWN = "Unknown"


def find_condition(conditions: Iterable[Condition], type_: str) -> Condition | None:
    """The condition of that type, if there is one."""
    return next((condition for condition in conditions if condition.type == type_), None)


def is_true(conditions: Iterable[Condition], type_: str = "Ready") -> bool:
    found = find_condition(conditions, type_)
    return found is not None and found.status == TRUE


def is_false(conditions: Iterable[Condition], type_: str = "Ready") -> bool:
    found = find_condition(conditions, type_)
    return found is not None and found.status == FALSE


@dataclass(frozen=True, slots=True)
class ConditionSet:
    """The happy condition's type and the types it depends on."""

    happy: str
    dependents: tuple[str, ...]

    def manager(self, conditions: Sequence[Condition], *, wall: str) -> "ConditionManager":
        """Start editing `conditions`; `wall` is the RFC 3339 time of this reconcile."""
        return ConditionManager(self, conditions, wall)


class ConditionManager:
    """Edits one object's conditions; `result()` is sorted by type, as knative writes them."""

    def __init__(self, kinds: ConditionSet, conditions: Sequence[Condition], wall: str) -> None:
        self._set = kinds
        self._conditions = {condition.type: condition for condition in conditions}
        self._wall = wall

    def initialize(self) -> None:
        """Give every condition of the set a value: Unknown where it has none yet."""
        for type_ in (*self._set.dependents, self._set.happy):
            if type_ not in self._conditions:
                self._put(type_, UNKNOWN, None, None, None)

    def mark_true(self, type_: str, *, severity: str | None = None) -> None:
        self._put(type_, TRUE, None, None, severity)
        self._recompute()

    def mark_false(
        self, type_: str, reason: str, message: str, *, severity: str | None = None
    ) -> None:
        self._put(type_, FALSE, reason, message, severity)
        self._recompute()

    def mark_unknown(
        self, type_: str, reason: str, message: str, *, severity: str | None = None
    ) -> None:
        self._put(type_, UNKNOWN, reason, message, severity)
        self._recompute()

    def propagate(
        self, type_: str, source: Condition | None, *, severity: str | None = None
    ) -> None:
        """Copy status, reason and message of a child's condition; a missing one is Unknown."""
        if source is None:
            self._put(type_, UNKNOWN, None, None, severity)
        else:
            self._put(type_, source.status, source.reason, source.message, severity)
        self._recompute()

    def remove(self, type_: str) -> None:
        self._conditions.pop(type_, None)
        self._recompute()

    def get(self, type_: str) -> Condition | None:
        return self._conditions.get(type_)

    def result(self) -> tuple[Condition, ...]:
        return tuple(self._conditions[type_] for type_ in sorted(self._conditions))

    def _put(
        self, type_: str, status: str, reason: str | None, message: str | None, severity: str | None
    ) -> None:
        old = self._conditions.get(type_)
        if old is not None and (old.status, old.reason, old.message, old.severity) == (
            status,
            reason,
            message,
            severity,
        ):
            return
        self._conditions[type_] = Condition(
            type=type_,
            status=status,
            reason=reason,
            message=message,
            severity=severity,
            last_transition_time=self._wall,
        )

    def _recompute(self) -> None:
        worst: Condition | None = None
        for type_ in self._set.dependents:
            condition = self._conditions.get(type_)
            if condition is None or condition.status == TRUE:
                continue
            if condition.status == FALSE:
                worst = condition
                break
            if worst is None:
                worst = condition
        missing = any(type_ not in self._conditions for type_ in self._set.dependents)
        if worst is not None:
            self._put(self._set.happy, worst.status, worst.reason, worst.message, None)
        elif missing:
            self._put(self._set.happy, UNKNOWN, None, None, None)
        else:
            self._put(self._set.happy, TRUE, None, None, None)
