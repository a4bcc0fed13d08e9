"""The limits between which a decision is applied (ScaleBounds and applyBounds in knative's
pkg/apis/autoscaling/v1alpha1/pa_lifecycle.go and pkg/reconciler/autoscaling/kpa/scaler.go)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScaleBounds:
    """Least and most pods; maximum 0 is unbounded."""

    minimum: int = 0
    maximum: int = 0

    def clamp(self, pods: int) -> int:
        """The nearest allowed count. The minimum is tested first and wins over the maximum:
        5 within (5, 4) stays 5."""
        if pods < self.minimum:
            return self.minimum
        if self.maximum != 0 and pods > self.maximum:
            return self.maximum
        return pods


def resolve_bounds(*, min_scale: int, max_scale: int, reachable: bool) -> ScaleBounds:
    """The bounds in force: min_scale does not hold for an unreachable revision."""
    return ScaleBounds(min_scale if reachable else 0, max_scale)


def raise_to_initial_scale(
    bounds: ScaleBounds, *, initial_scale: int, initialized: bool, reachable: bool
) -> ScaleBounds:
    """Until its scale target was ready once, a reachable revision keeps initial_scale pods."""
    if initial_scale <= 1 or initialized or not reachable:
        return bounds
    return ScaleBounds(max(bounds.minimum, initial_scale), bounds.maximum)
