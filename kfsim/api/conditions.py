"""Condition sets as knative.dev/pkg keeps them: a happy condition follows its dependents.

A living set (`Ready`) is True when all its dependents are True, False when one is False, else
Unknown; of several unhappy dependents the one marked last gives the reason. A condition that ends
a reconcile as it began keeps its `lastTransitionTime`, whatever it was in between; a changed reason
or message counts as a transition (knative.dev/pkg apis/condition_set.go and
reconciler/reconcile_common.go).

A transition that is yet to come was written before the wall clock was set back. It counts from now,
because whoever measures from it would otherwise wait until the clock has caught up.
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
        self._original = {condition.type: _not_to_come(condition, wall) for condition in conditions}
        self._conditions = dict(self._original)
        self._marked: dict[str, int] = {}
        self._marks = 0
        self._wall = wall

    def initialize(self) -> None:
        """Give every condition of the set a value: that of a True happy condition, else Unknown."""
        happy = self._conditions.get(self._set.happy)
        if happy is None:
            happy = self._put(self._set.happy, UNKNOWN)
        status = TRUE if happy.status == TRUE else UNKNOWN
        for type_ in self._set.dependents:
            if type_ not in self._conditions:
                self._put(type_, status)

    def observe_generation(self, *, generation: int, observed: int | None) -> None:
        """Start a reconcile: initialize; an older generation's happy condition is Unknown."""
        self.initialize()
        if generation != observed:
            self.mark_unknown(
                self._set.happy,
                "NewObservedGenFailure",
                "unsuccessfully observed a new generation",
            )

    def mark_true(
        self,
        type_: str,
        *,
        reason: str | None = None,
        message: str | None = None,
        severity: str | None = None,
    ) -> None:
        self._put(type_, TRUE, reason, message, severity)
        self._recompute(type_)

    def mark_false(
        self, type_: str, reason: str | None, message: str | None, *, severity: str | None = None
    ) -> None:
        self._put(type_, FALSE, reason, message, severity)
        if type_ in self._set.dependents:
            self._put(self._set.happy, FALSE, reason, message)

    def mark_unknown(
        self, type_: str, reason: str | None, message: str | None, *, severity: str | None = None
    ) -> None:
        self._put(type_, UNKNOWN, reason, message, severity)
        if any(self._status(dependent) == FALSE for dependent in self._set.dependents):
            if self._status(self._set.happy) != FALSE:
                self._put(self._set.happy, FALSE, reason, message)
        elif type_ in self._set.dependents:
            self._put(self._set.happy, UNKNOWN, reason, message)

    def propagate(
        self, type_: str, source: Condition | None, *, severity: str | None = None
    ) -> None:
        """Copy status, reason and message of a child's condition; a missing one is Unknown."""
        if source is None:
            self.mark_unknown(type_, None, None, severity=severity)
        elif source.status == TRUE:
            self.mark_true(type_, reason=source.reason, message=source.message, severity=severity)
        elif source.status == FALSE:
            self.mark_false(type_, source.reason, source.message, severity=severity)
        else:
            self.mark_unknown(type_, source.reason, source.message, severity=severity)

    def remove(self, type_: str) -> None:
        self._conditions.pop(type_, None)
        self._recompute(type_)

    def get(self, type_: str) -> Condition | None:
        return self._conditions.get(type_)

    def result(self) -> tuple[Condition, ...]:
        return tuple(self._settled(type_) for type_ in sorted(self._conditions))

    def _settled(self, type_: str) -> Condition:
        condition = self._conditions[type_]
        original = self._original.get(type_)
        if original is not None and _content(original) == _content(condition):
            return original
        return condition

    def _status(self, type_: str) -> str | None:
        condition = self._conditions.get(type_)
        return None if condition is None else condition.status

    def _put(
        self,
        type_: str,
        status: str,
        reason: str | None = None,
        message: str | None = None,
        severity: str | None = None,
    ) -> Condition:
        content = (status, reason or None, message or None, severity)
        old = self._conditions.get(type_)
        if old is not None and _content(old) == content:
            return old
        condition = Condition(
            type=type_,
            status=status,
            reason=reason or None,
            message=message or None,
            severity=severity,
            last_transition_time=self._wall,
        )
        self._conditions[type_] = condition
        self._marks += 1
        self._marked[type_] = self._marks
        return condition

    def _recompute(self, cause: str) -> None:
        worst = self._unhappy_dependent()
        happy = self._set.happy
        if worst is not None:
            self._put(happy, worst.status, worst.reason, worst.message)
        elif any(type_ not in self._conditions for type_ in self._set.dependents):
            self._put(happy, UNKNOWN)
        elif cause != happy:
            self._put(happy, TRUE)

    def _unhappy_dependent(self) -> Condition | None:
        """The False dependent that changed last, else the Unknown one that changed last."""
        unhappy = [
            condition
            for type_ in self._set.dependents
            if (condition := self._conditions.get(type_)) is not None and condition.status != TRUE
        ]
        return max(unhappy, key=self._urgency, default=None)

    def _urgency(self, condition: Condition) -> tuple[bool, str, int]:
        changed = condition.last_transition_time or ""
        return (condition.status == FALSE, changed, self._marked.get(condition.type, -1))


def _not_to_come(condition: Condition, wall: str) -> Condition:
    if (condition.last_transition_time or "") <= wall:
        return condition
    return condition.replaced(last_transition_time=wall)


def _content(condition: Condition) -> tuple[str, str | None, str | None, str | None]:
    return (condition.status, condition.reason, condition.message, condition.severity)
