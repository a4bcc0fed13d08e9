"""How many pods a revision should have (knative pkg/autoscaler/scaling/autoscaler.go).

Reports go in, and every two seconds a decision comes out. Two windows are watched. Normally the
stable one decides. When the short panic window alone asks for at least `panic_threshold` times the
ready pods, the decider panics: it follows the larger of the two windows and never goes down, until
the threshold was not exceeded for a whole stable window.
"""

import math
from dataclasses import dataclass

from kfsim.autoscaler.capacity import compute_excess_burst_capacity, count_activators
from kfsim.autoscaler.collection import MetricCollection, Observed
from kfsim.autoscaler.delay import DelayWindow
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.types import Stat

# Seconds between two decisions.
TICK_INTERVAL = 2.0


@dataclass(frozen=True, slots=True)
class ScaleResult:
    """One decision, before bounds. When scale_valid is False there were no data: the counts are
    meaningless and the previous decision stays."""

    decided_at: float
    scale_valid: bool
    ready_pods: int
    panic_mode: bool
    panic_since: float | None
    max_panic_pods: int
    desired_pod_count: int = -1
    excess_burst_capacity: int = 0
    num_activators: int = 0
    stable_value: float = 0.0
    panic_value: float = 0.0
    reasons: tuple[str, ...] = ()


class Decider:
    """Decides for one revision.

    One that starts with more than one ready pod panics at once, with these pods as its floor: after
    a restart it has no history, and must not scale down before it has gathered some.
    """

    __slots__ = (
        "_collection",
        "_delay_window",
        "_max_panic_pods",
        "_panic_since",
        "_settled",
        "_spec",
        "_valid",
    )

    def __init__(self, spec: DeciderSpec, *, initial_ready_pods: int, now: float) -> None:
        self._spec = spec
        self._collection = MetricCollection(spec)
        self._delay_window = DelayWindow(spec.scale_down_delay) if spec.scale_down_delay else None
        self._panic_since: float | None = now if initial_ready_pods > 1 else None
        self._max_panic_pods = initial_ready_pods
        # Whether the latest decision was valid, and whether it was free of the delay window.
        self._valid = False
        self._settled = False

    @property
    def spec(self) -> DeciderSpec:
        return self._spec

    @property
    def zero_at(self) -> float | None:
        """When the last load leaves the stable window, if no more comes; None without any."""
        return self._collection.zero_at(self._spec.metric)

    def update(self, spec: DeciderSpec, now: float) -> None:
        """Change the parameters. Windows are resized, panic goes on, the delay window stays."""
        self._spec = spec
        self._collection.update(spec, now)

    def record(self, stat: Stat, now: float) -> None:
        """Add a report of one reporter."""
        self._collection.record(stat, now)

    def is_quiet(self, now: float) -> bool:
        """Whether further decisions would repeat the latest one, so that ticks may be skipped.

        Ends with a report that is not zero, any report after a decision without data, a changed
        count of ready pods, or an update.
        """
        if not self._collection.is_zero(now):
            return False
        if not self._valid:
            return self._collection.observe(self._spec.metric, now) is None
        return self._settled and self._panic_since is None

    def wakes(self, stat: Stat) -> bool:
        """Whether recording this report ends the quiet."""
        return not self._valid or bool(
            stat.average_concurrent_requests
            or stat.request_count
            or stat.average_proxied_concurrent_requests
            or stat.proxied_request_count
        )

    def scale(self, ready_pods: int, now: float) -> ScaleResult:
        """Decide with `ready_pods` ready."""
        spec = self._spec
        observed = self._collection.observe(spec.metric, now)
        if observed is None:
            self._valid = False
            return ScaleResult(
                decided_at=now,
                scale_valid=False,
                ready_pods=ready_pods,
                panic_mode=self._panic_since is not None,
                panic_since=self._panic_since,
                max_panic_pods=self._max_panic_pods,
                reasons=(f"no reports in the last {spec.stable_window:g}s: decision unchanged",),
            )
        reasons: list[str] = []
        stable_pods, panic_pods, over_threshold = self._want(observed, ready_pods, reasons)
        self._follow_panic(now, over_threshold=over_threshold, reasons=reasons)
        desired = self._pick(stable_pods, panic_pods, reasons)
        desired = self._delay(now, desired, reasons)
        self._valid = True
        return ScaleResult(
            decided_at=now,
            scale_valid=True,
            ready_pods=ready_pods,
            panic_mode=self._panic_since is not None,
            panic_since=self._panic_since,
            max_panic_pods=self._max_panic_pods,
            desired_pod_count=desired,
            excess_burst_capacity=compute_excess_burst_capacity(
                spec, ready_pods=ready_pods, panic_value=observed.panic
            ),
            num_activators=count_activators(spec, ready_pods=ready_pods),
            stable_value=observed.stable,
            panic_value=observed.panic,
            reasons=tuple(reasons),
        )

    def _want(
        self, observed: Observed, ready_pods: int, reasons: list[str]
    ) -> tuple[int, int, bool]:
        """What each window asks for within the rate limits, and whether that is cause to panic."""
        spec = self._spec
        pods = max(1, ready_pods)
        # Rounded outwards, so that a rate of 1.1 with 2 pods still allows 3 and not just 2.2.
        most = math.ceil(spec.max_scale_up_rate * pods)
        least = math.floor(pods / spec.max_scale_down_rate) if spec.reachable else 0
        stable_want = math.ceil(observed.stable / spec.target_value)
        panic_want = math.ceil(observed.panic / spec.target_value)
        reasons.append(
            f"{spec.metric} {observed.stable:g} over {spec.stable_window:g}s and "
            f"{observed.panic:g} over {spec.panic_window:g}s with target {spec.target_value:g} "
            f"per pod want {stable_want} and {panic_want} pods"
        )
        stable_pods = min(max(stable_want, least), most)
        panic_pods = min(max(panic_want, least), most)
        if (stable_pods, panic_pods) != (stable_want, panic_want):
            reasons.append(
                f"one decision with {ready_pods} ready may reach {least} to {most} pods: "
                f"{stable_pods} and {panic_pods}"
            )
        if spec.activation_scale > 1:
            # Compared with the unlimited want: it applies as soon as there is any load, and may
            # pass the upper rate limit.
            if stable_want > 0 and stable_pods < spec.activation_scale:
                stable_pods = spec.activation_scale
                reasons.append(f"activation scale raises to {spec.activation_scale}")
            if panic_want > 0 and panic_pods < spec.activation_scale:
                panic_pods = spec.activation_scale
        return stable_pods, panic_pods, panic_want / pods >= spec.panic_threshold

    def _follow_panic(self, now: float, *, over_threshold: bool, reasons: list[str]) -> None:
        spec = self._spec
        if over_threshold:
            if self._panic_since is None:
                reasons.append(
                    f"panic begins: the panic window wants at least {spec.panic_threshold:g} "
                    "times the ready pods"
                )
            self._panic_since = now
        elif self._panic_since is not None and (
            # Rounded, because differences of floats are not exact: 62.3 - 2.3 is above 60.
            round(now - self._panic_since, 6) > spec.stable_window
        ):
            reasons.append(f"panic ends: below the threshold for {spec.stable_window:g}s")
            self._panic_since = None
            self._max_panic_pods = 0

    def _pick(self, stable_pods: int, panic_pods: int, reasons: list[str]) -> int:
        if self._panic_since is None:
            return stable_pods
        wanted = max(stable_pods, panic_pods)
        if wanted < self._max_panic_pods:
            reasons.append(f"panic keeps {self._max_panic_pods} pods instead of {wanted}")
        self._max_panic_pods = max(wanted, self._max_panic_pods)
        return self._max_panic_pods

    def _delay(self, now: float, desired: int, reasons: list[str]) -> int:
        if self._delay_window is None or not self._spec.reachable:
            self._settled = True
            return desired
        delayed = self._delay_window.record(now, desired)
        self._settled = delayed == desired
        if not self._settled:
            reasons.append(f"scale-down delay keeps {delayed} pods instead of {desired}")
        return delayed
