"""What revisions take from config-deployment and config-autoscaler."""

from collections.abc import Mapping
from dataclasses import dataclass

from kfsim.api import knative_keys as keys
from kfsim.api.core import ConfigMap
from kfsim.base.errors import Invalid
from kfsim.base.quantities import parse_duration
from kfsim.store import Store

SYSTEM_NAMESPACE = "knative-serving"
CONFIG_DEPLOYMENT = "config-deployment"
CONFIG_AUTOSCALER = "config-autoscaler"


@dataclass(frozen=True, slots=True)
class RevisionConfig:
    """progress_deadline in seconds."""

    initial_scale: int = 1
    pod_autoscaler_class: str = keys.KPA_CLASS
    progress_deadline: int = 600
    queue_sidecar_image: str = "kfsim.dev/queue-proxy"


def parse_revision_config(
    deployment: Mapping[str, str], autoscaler: Mapping[str, str]
) -> RevisionConfig:
    """Read both ConfigMaps' data; raises Invalid naming the key."""
    default = RevisionConfig()
    initial = autoscaler.get("initial-scale", str(default.initial_scale))
    deadline = deployment.get("progress-deadline", f"{default.progress_deadline}s")
    try:
        initial_scale = int(initial)
    except ValueError as error:
        raise Invalid(
            f"{CONFIG_AUTOSCALER}: initial-scale is {initial!r}; expected a whole number"
        ) from error
    try:
        seconds = parse_duration(deadline)
    except ValueError as error:
        raise Invalid(f"{CONFIG_DEPLOYMENT}: progress-deadline: {error}") from error
    return RevisionConfig(
        initial_scale=initial_scale,
        pod_autoscaler_class=autoscaler.get("pod-autoscaler-class", default.pod_autoscaler_class),
        progress_deadline=int(seconds),
        queue_sidecar_image=deployment.get("queue-sidecar-image", default.queue_sidecar_image),
    )


class RevisionConfigReader:
    """The configuration in force; an unreadable ConfigMap leaves the last readable state."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions: tuple[int, int] | None = None
        self._config = RevisionConfig()

    def __call__(self) -> RevisionConfig:
        versions = (self._version(CONFIG_DEPLOYMENT), self._version(CONFIG_AUTOSCALER))
        if versions != self._versions:
            self._versions = versions
            self._config = parse_revision_config(
                self._data(CONFIG_DEPLOYMENT), self._data(CONFIG_AUTOSCALER)
            )
        return self._config

    def _version(self, name: str) -> int:
        entry = self._store.entry(ConfigMap, name, SYSTEM_NAMESPACE)
        return 0 if entry is None else entry.resource_version

    def _data(self, name: str) -> Mapping[str, str]:
        found = self._store.find(ConfigMap, name, SYSTEM_NAMESPACE)
        return {} if found is None else found.data
