"""The autoscaler's settings, read from ConfigMaps as they change.

A ConfigMap that cannot be read is answered with a Warning about it; what was in force stays.
"""

from kfsim.api.core import ConfigMap
from kfsim.autoscaler.config import CONFIG_MAP_NAME, AutoscalerConfig
from kfsim.autoscaler.resolution import DEFAULT_PROGRESS_DEADLINE
from kfsim.base.errors import Invalid
from kfsim.base.quantities import parse_duration
from kfsim.controllers.runtime.recorder import Recorder
from kfsim.store import Store

SYSTEM_NAMESPACE = "knative-serving"
DEPLOYMENT_CONFIG = "config-deployment"
WATCHED = (CONFIG_MAP_NAME, DEPLOYMENT_CONFIG)


class AutoscalerSettings:
    """config-autoscaler, and the progress deadline of config-deployment."""

    def __init__(self, *, store: Store, recorder: Recorder) -> None:
        self._store = store
        self._recorder = recorder
        self._config = AutoscalerConfig()
        self._deadline = DEFAULT_PROGRESS_DEADLINE
        self._seen: dict[str, int] = {}

    def current(self) -> AutoscalerConfig:
        """The settings in force; the same object until they change."""
        found = self._changed(CONFIG_MAP_NAME)
        if found is not None:
            try:
                self._config = AutoscalerConfig.parse(found.data)
            except Invalid as error:
                self._refuse(found, error.message)
        elif CONFIG_MAP_NAME not in self._seen and self._config != AutoscalerConfig():
            self._config = AutoscalerConfig()
        return self._config

    def progress_deadline(self) -> float:
        """Seconds within which a revision must become ready."""
        found = self._changed(DEPLOYMENT_CONFIG)
        if found is not None:
            text = found.data.get("progress-deadline", found.data.get("progressDeadline"))
            try:
                self._deadline = DEFAULT_PROGRESS_DEADLINE if text is None else parse_duration(text)
            except ValueError as error:
                self._refuse(found, f"progress-deadline: {error}")
        elif DEPLOYMENT_CONFIG not in self._seen:
            self._deadline = DEFAULT_PROGRESS_DEADLINE
        return self._deadline

    def _changed(self, name: str) -> ConfigMap | None:
        """The ConfigMap when it has not been read in its present version."""
        entry = self._store.entry(ConfigMap, name, SYSTEM_NAMESPACE)
        if entry is None:
            self._seen.pop(name, None)
            return None
        if self._seen.get(name) == entry.resource_version:
            return None
        self._seen[name] = entry.resource_version
        return self._store.view(ConfigMap, entry)

    def _refuse(self, config_map: ConfigMap, message: str) -> None:
        text = f"{message}; the previous settings stay in force"
        self._recorder.warning(config_map, "InvalidConfiguration", text)
