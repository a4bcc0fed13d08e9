"""When a container that ended is started again.

As kubelet counts it (client-go util/flowcontrol/backoff.go, kuberuntime's doBackOff): the first
restart is immediate, the next waits 10 s after the exit, then 20, 40, … up to 300 s. A container
that ran for more than 10 minutes since its latest start begins anew. An image that cannot be
pulled waits from the first failure on: 10 s, then 20, … up to 300 s (pkg/kubelet/images).
"""

from dataclasses import dataclass

FIRST_DELAY = 10.0
LONGEST_DELAY = 300.0
RESET_AFTER = 2 * LONGEST_DELAY


@dataclass(frozen=True, slots=True)
class Backoff:
    """`delay` is what a restart must wait after the exit; `started` the time of the last start,
    None before the first."""

    delay: float = 0.0
    started: float | None = None

    def after_exit(self, now: float) -> "Backoff":
        """The state after an exit at `now`: a long run forgives what was before."""
        if self.started is None or now - self.started > RESET_AFTER:
            return Backoff(0.0, self.started)
        return self

    def restarted(self, now: float) -> "Backoff":
        """The state after a restart at `now`; the next one waits longer."""
        return Backoff(min(self.delay * 2, LONGEST_DELAY) if self.delay else FIRST_DELAY, now)

    def after_failure(self, now: float) -> "Backoff":
        """The state after an attempt failed at `now`, counted from there."""
        if self.started is not None and now - self.started > RESET_AFTER:
            return Backoff(FIRST_DELAY, now)
        return self.restarted(now)
