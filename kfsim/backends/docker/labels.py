"""What marks everything that kfsim makes in an engine, and says whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from kfsim.base.types import ReplicaKey
from kfsim.replicas.backend import ReplicaSpec

STATE = "kfsim.dev/state"
_NAMESPACE = "kfsim.dev/namespace"
_POD = "kfsim.dev/pod"
_REVISION = "kfsim.dev/revision"
_UID = "kfsim.dev/uid"
_CONTAINER = "kfsim.dev/container"
_ATTEMPT = "kfsim.dev/attempt"
_INIT = "kfsim.dev/init"
_DEVICES = "kfsim.dev/devices"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose container it is: the `attempt`-th (from 0) of a Pod's container."""

    key: ReplicaKey
    uid: str
    container: str
    attempt: int
    init: bool = False
    devices: tuple[str, ...] = ()


def make_labels(spec: ReplicaSpec, container: str, *, attempt: int, state: str) -> dict[str, str]:
    """The labels of a container."""
    return {
        STATE: state,
        _NAMESPACE: spec.key.namespace,
        _POD: spec.key.name,
        _REVISION: spec.revision.name,
        _UID: spec.uid,
        _CONTAINER: container,
        _ATTEMPT: str(attempt),
        _INIT: str(_is_init(spec, container)).lower(),
        _DEVICES: ",".join(spec.devices.get(container, ())),
    }


def _is_init(spec: ReplicaSpec, container: str) -> bool:
    return any(each.name == container for each in spec.pod.spec.init_containers)


def read_labels(labels: Mapping[str, str]) -> Owner | None:
    """Whose the container with these labels is; None when they are not kfsim's or are broken."""
    try:
        return Owner(
            key=ReplicaKey(labels[_NAMESPACE], labels[_POD]),
            uid=labels[_UID],
            container=labels[_CONTAINER],
            attempt=int(labels[_ATTEMPT]),
            init=labels.get(_INIT) == "true",
            devices=tuple(each for each in labels.get(_DEVICES, "").split(",") if each),
        )
    except (KeyError, ValueError):
        return None


def container_name(spec: ReplicaSpec, container: str, *, attempt: int, state: str) -> str:
    """Readable in `docker ps`, and unique in the engine."""
    return f"kfsim_{state}_{spec.key.namespace}_{spec.key.name}_{container}_{attempt}"


def network_name(state: str) -> str:
    """The project's network."""
    return f"kfsim-{state}"


def state_filter(state: str) -> dict[str, list[str]]:
    """The engine's filter for everything of a state directory."""
    return {"label": [f"{STATE}={state}"]}
