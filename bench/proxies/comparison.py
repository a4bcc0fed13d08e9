"""Ratios of interleaved rounds, and the targets beside them."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

MeasuredT = TypeVar("MeasuredT")


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for a ratio, at most, or at least where `floor`; None where nothing is asked."""

    what: str
    bound: float | None = None
    floor: bool = False

    def judge(self, ratio: float) -> str:
        if self.bound is None:
            return f"{self.what} {ratio:.2f}"
        met = ratio >= self.bound if self.floor else ratio <= self.bound
        word = "at least" if self.floor else "at most"
        return (
            f"{self.what} {ratio:.2f} (target {word} {self.bound:g}: {'met' if met else 'missed'})"
        )


def median_ratio(
    ours: Sequence[MeasuredT], theirs: Sequence[MeasuredT], value: Callable[[MeasuredT], float]
) -> float:
    """The median over rounds of ours / theirs, each within one round: the machine's slow moments
    last longer than a round and divide out. A round whose divisor is not above zero does not
    count; without any the ratio is infinite."""
    ratios = [
        value(mine) / value(other)
        for mine, other in zip(ours, theirs, strict=True)
        if value(other) > 0
    ]
    return statistics.median(ratios) if ratios else float("inf")
