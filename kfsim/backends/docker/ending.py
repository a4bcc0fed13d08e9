"""A container's end: how it ended, what it said last, and what is kept of it."""

from dataclasses import dataclass

from kfsim.backends.docker.connection import Client
from kfsim.backends.docker.events import ContainerEnd
from kfsim.backends.docker.logs import read_tail

OOM_KILLED = "OOMKilled"
# kubelet's reason for a container that it cannot find any more (pkg/kubelet/kubelet_pods.go)
UNKNOWN = "ContainerStatusUnknown"
_KILLED = 137
_LAST_SIGNAL = 31


@dataclass(frozen=True, slots=True)
class Exit:
    """As its EXITED event tells it."""

    code: int
    signal: int | None
    reason: str
    message: str


def describe_end(client: Client, end: ContainerEnd) -> Exit:
    """What is left to find out about a container that has ended. In a call thread.

    Not every kernel tells of a process that it ended for memory before it tells of the end, so a
    killed container is looked at as well.
    """
    code = _KILLED if end.exit_code is None else end.exit_code
    reason = OOM_KILLED if end.out_of_memory else ""
    if code == _KILLED and not reason:
        state = client.inspect_container(end.container_id)["State"]
        reason = OOM_KILLED if state.get("OOMKilled") else ""
    return Exit(code, signal_of(code), reason, read_tail(client, end.container_id) if code else "")


def plain_exit(end: ContainerEnd) -> Exit:
    """What is known without asking the engine."""
    if end.exit_code is None:
        text = "The container is not there any more: somebody else removed it"
        return Exit(_KILLED, None, UNKNOWN, text)
    reason = OOM_KILLED if end.out_of_memory else ""
    return Exit(end.exit_code, signal_of(end.exit_code), reason, "")


def signal_of(code: int) -> int | None:
    """The signal that ended the process: the engine reports 128 + its number."""
    return code - 128 if 128 < code <= 128 + _LAST_SIGNAL else None


def look(client: Client, container_id: str) -> ContainerEnd | None:
    """How the container ended, None while it runs. In a call thread."""
    try:
        state = client.inspect_container(container_id)["State"]
    except Exception as error:
        if getattr(error, "status_code", None) != 404:
            raise
        return ContainerEnd(container_id, None, out_of_memory=False)
    if state.get("Running"):
        return None
    return ContainerEnd(
        container_id, int(state["ExitCode"]), out_of_memory=bool(state.get("OOMKilled"))
    )
