"""How simulated replicas behave: how long each step takes, and what goes wrong.

A script is given per revision, or as the default of all. Times are seconds. `jitter` makes every
duration of a replica vary by up to that share in both directions, by the run's entropy.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kfsim.base.entropy import Entropy
from kfsim.replicas.backend import ReplicaSpec


@dataclass(frozen=True, slots=True)
class StartFailure:
    """A container that cannot be started at all: the FAILED event's reason and message."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ReplicaScript:
    """One replica's life. Crashes count over all of a replica's restarts."""

    schedule: float = 0.1
    """From `start` to the first container."""
    initialize: float = 0.3
    """Each init container (the storage-initializer's download)."""
    load: float = 1.0
    """From a container's start until its probes succeed."""
    shutdown: float = 0.05
    """From SIGTERM to the containers' exit; SIGKILL comes at the grace period."""
    jitter: float = 0.0
    start_failure: StartFailure | None = None
    failing_initializations: int = 0
    """How many runs of an init container end with exit code 1 before one succeeds."""
    failing_loads: int = 0
    """How many starts of a container end with exit code 1 when the load time is over."""
    crashes_after: tuple[float, ...] = ()
    """Seconds from the serving container's first, second, … start to its crash; those that fail to
    load count too. Starts beyond the list do not crash."""
    crash_exit_code: int = 1
    crash_message: str = "simulated crash"
    crash_reason: str = ""
    """OOMKilled for a crash for memory."""


Scripts = Callable[[ReplicaSpec], ReplicaScript]


def vary(seconds: float, jitter: float, entropy: Entropy) -> float:
    """The duration, up to `jitter` (a share) shorter or longer; draws no number without jitter."""
    if not jitter or not seconds:
        return seconds
    return seconds * (1 + jitter * (2 * entropy.uniform() - 1))
