"""What follows when a container cannot be started or ends: the words for it, the next attempt.

The texts are kubelet's (pkg/kubelet/kuberuntime startContainer, pkg/kubelet/images). Failures of
pulls wait longer each time; one of the engine's create or configuration is tried again with every
sync of the Pod; one that began to run is a crash.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

PULL_ERROR = "ErrImagePull"
PULL_BACKOFF = "ImagePullBackOff"
CREATE_ERROR = "CreateContainerError"
CONFIG_ERROR = "CreateContainerConfigError"
RUN_ERROR = "RunContainerError"
START_ERROR = "StartError"
ENGINE_UNAVAILABLE = "EngineUnavailable"
OOM_KILLED = "OOMKilled"
_NEVER_PULL = "ErrImageNeverPull"
_INVALID_NAME = "InvalidImageName"
# Another attempt cannot mend these: the manifest must change.
_LASTING = frozenset(
    (_INVALID_NAME, "PortNotConfigurable", "PathNotMappable", "NeedsDocker", "Unsupported")
)
_PREVENTING = _LASTING | {
    PULL_ERROR,
    PULL_BACKOFF,
    _NEVER_PULL,
    CREATE_ERROR,
    CONFIG_ERROR,
    RUN_ERROR,
    ENGINE_UNAVAILABLE,
}


class Retry(StrEnum):
    """When a container that could not be started is tried again."""

    NEVER = "Never"
    BACKEND = "Backend"
    """The backend goes on by itself once it can."""
    SYNC = "Sync"
    """With the Pod's next sync, every 10 s (kubelet's backOffPeriod)."""
    PULL = "Pull"
    """After the image's back-off: 10 s, doubled up to 300 s."""
    CRASH = "Crash"
    """After the container's back-off, as if it had ended."""


class EventText(NamedTuple):
    """The reason and message of an Event of type Warning."""

    reason: str
    message: str


def prevents_start(reason: str | None) -> bool:
    """Whether a waiting reason says that the container could not be started, nor will be without
    a change of the manifest, of the host, or of a registry."""
    return reason in _PREVENTING


def may_yet_start(reason: str | None) -> bool:
    """Whether the container starts by itself once the engine answers, or the ConfigMap or Secret
    that it names is there."""
    return reason in (ENGINE_UNAVAILABLE, CONFIG_ERROR)


def resolve_retry(reason: str) -> Retry:
    """What the reason of a FAILED event asks for."""
    if reason in _LASTING:
        return Retry.NEVER
    if reason == ENGINE_UNAVAILABLE:
        return Retry.BACKEND
    if reason == PULL_ERROR:
        return Retry.PULL
    if reason in (RUN_ERROR, START_ERROR):
        return Retry.CRASH
    return Retry.SYNC


def describe_failure(reason: str, message: str, *, image: str) -> Iterable[EventText]:
    """The Events of one failed attempt, in order."""
    if reason == PULL_ERROR:
        yield EventText("Failed", f'Failed to pull image "{image}": {message}')
    elif reason == _NEVER_PULL:
        text = f'Container image "{image}" is not present with pull policy of Never'
        yield EventText(_NEVER_PULL, text)
    elif reason == _INVALID_NAME:
        text = f'Failed to apply default image tag "{image}": {message}'
        yield EventText("InspectFailed", text)
    else:
        yield EventText("Failed", f"Error: {message or reason}")
        return
    yield EventText("Failed", f"Error: {reason}")


def describe_end(reason: str | None, message: str | None) -> str:
    """What a container said last; of one killed for memory, which cannot say it, that as well."""
    if reason != OOM_KILLED:
        return message or ""
    return f"{OOM_KILLED}: {message}" if message else OOM_KILLED
