"""ConfigMaps as controllers read them: parsed once per version, the last good one in force.

`ClusterConfig` has one reader per ConfigMap. The controllers of a cluster share it, so that a
mistake is warned about once.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from kfsim.api.admission import AdmissionConfig
from kfsim.api.config import KNATIVE_NAMESPACE
from kfsim.api.config.defaults import CONFIG_DEFAULTS, DefaultsConfig
from kfsim.api.config.deployment import CONFIG_DEPLOYMENT, DeploymentConfig
from kfsim.api.config.domain import CONFIG_DOMAIN, DomainConfig
from kfsim.api.config.gc import CONFIG_GC, GarbageCollectionConfig
from kfsim.api.config.inferenceservice import (
    CONFIG_INFERENCE_SERVICE,
    KSERVE_NAMESPACE,
    InferenceServiceConfig,
)
from kfsim.api.config.network import CONFIG_NETWORK, NetworkConfig
from kfsim.api.core import ConfigMap
from kfsim.api.knative.annotations import ScaleLimits
from kfsim.api.knative.validation import KnativeLimits
from kfsim.api.meta import Object
from kfsim.autoscaler.config import CONFIG_MAP_NAME, AutoscalerConfig
from kfsim.base.errors import Invalid
from kfsim.controllers.runtime.controller import Key, Watch, watch_mapped
from kfsim.controllers.runtime.recorder import Recorder
from kfsim.controllers.runtime.settled import version_of
from kfsim.store import Entry, Store

ConfigT = TypeVar("ConfigT")


class ConfigReader(Generic[ConfigT]):
    """One ConfigMap's settings; `parse` gets its data, empty while there is none.

    What cannot be parsed gets a Warning event and leaves the settings as they were.
    """

    def __init__(
        self,
        parse: Callable[[Mapping[str, str]], ConfigT],
        *,
        store: Store,
        recorder: Recorder,
        namespace: str,
        name: str,
    ) -> None:
        self._parse = parse
        self._store = store
        self._recorder = recorder
        self.place = (namespace, name)
        self._config = parse({})
        self._read = 0

    @property
    def version(self) -> int:
        """For `Settled`: another one means that the settings may differ."""
        namespace, name = self.place
        return version_of(self._store, ConfigMap, name, namespace)

    def __call__(self) -> ConfigT:
        """The settings in force; the same object until they change."""
        version = self.version
        if version != self._read:
            self._read = version
            self._take()
        return self._config

    def _take(self) -> None:
        namespace, name = self.place
        found = self._store.find(ConfigMap, name, namespace)
        try:
            self._config = self._parse({} if found is None else found.data)
        except Invalid as error:
            assert found is not None  # no data is always readable
            text = f"{error.message}; the previous settings stay in force"
            self._recorder.warning(found, "InvalidConfiguration", text)


class ClusterConfig:
    """A reader for each ConfigMap that is understood; `domain` is the one that hosts end in where
    config-domain says nothing."""

    def __init__(self, *, store: Store, recorder: Recorder, domain: str = "localhost") -> None:
        def reader(
            parse: Callable[[Mapping[str, str]], ConfigT],
            name: str,
            namespace: str = KNATIVE_NAMESPACE,
        ) -> ConfigReader[ConfigT]:
            return ConfigReader(
                parse, store=store, recorder=recorder, namespace=namespace, name=name
            )

        self.autoscaler = reader(AutoscalerConfig.parse, CONFIG_MAP_NAME)
        self.deployment = reader(DeploymentConfig.parse, CONFIG_DEPLOYMENT)
        self.default_domain = domain
        self.defaults = reader(DefaultsConfig.parse, CONFIG_DEFAULTS)
        self.domain = reader(lambda data: DomainConfig.parse(data, default=domain), CONFIG_DOMAIN)
        self.network = reader(NetworkConfig.parse, CONFIG_NETWORK)
        self.gc = reader(GarbageCollectionConfig.parse, CONFIG_GC)
        self.kserve = reader(
            InferenceServiceConfig.parse, CONFIG_INFERENCE_SERVICE, KSERVE_NAMESPACE
        )

    def admission(self) -> AdmissionConfig:
        """What admission goes by."""
        autoscaler = self.autoscaler()
        knative = KnativeLimits(
            revision=self.defaults(),
            scale=ScaleLimits(
                allow_zero_initial_scale=autoscaler.allow_zero_initial_scale,
                max_scale_limit=autoscaler.max_scale_limit,
                pod_autoscaler_class=autoscaler.pod_autoscaler_class,
            ),
        )
        return AdmissionConfig(knative=knative, kserve=self.kserve())


def watch_config(store: Store, *readers: ConfigReader[Any], wakes: type[Object]) -> Watch:
    """A write of one of the ConfigMaps wakes every object of the kind `wakes`."""
    watched = frozenset(reader.place for reader in readers)

    def keys_of(entry: Entry) -> Iterable[Key]:
        if (entry.namespace, entry.name) not in watched:
            return ()
        return tuple(Key(each.namespace, each.name) for each in store.entries(wakes))

    return watch_mapped(ConfigMap, keys_of)
