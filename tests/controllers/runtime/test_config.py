"""ConfigMaps in force, as they come, change and go."""

import pytest

from kfsim.api.core import ConfigMap, Event
from kfsim.api.knative.serving import Route
from kfsim.api.meta import ObjectMeta
from kfsim.autoscaler.config import AutoscalerConfig
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.runtime import ClusterConfig, Key, Recorder, watch_config
from kfsim.store import Store
from kfsim.testing.clock import FakeClock


class World:
    def __init__(self):
        clock, entropy = FakeClock(), SeededEntropy(1)
        self.store = Store(clock=clock, entropy=entropy)
        recorder = Recorder(store=self.store, clock=clock, entropy=entropy, component="controller")
        self.config = ClusterConfig(store=self.store, recorder=recorder)

    def write(self, name, data, namespace="knative-serving"):
        found = self.store.find(ConfigMap, name, namespace)
        if found is not None:
            self.store.update(found.replaced(data=data))
            return
        self.store.create(ConfigMap(metadata=ObjectMeta(name=name, namespace=namespace), data=data))

    def warnings(self):
        return [each.message for each in self.store.list(Event)]


@pytest.fixture
def world():
    return World()


def test_without_config_maps_the_defaults_hold(world):
    assert world.config.autoscaler() == AutoscalerConfig()
    assert world.config.deployment().progress_deadline == 600
    assert world.config.domain().lookup({}) == "localhost"
    assert world.config.autoscaler.version == 0


def test_settings_are_the_same_object_until_they_change(world):
    world.write("config-autoscaler", {"stable-window": "30s"})
    first, version = world.config.autoscaler(), world.config.autoscaler.version
    assert first.stable_window == 30
    assert world.config.autoscaler() is first
    world.write("config-autoscaler", {"stable-window": "40s"})
    assert world.config.autoscaler().stable_window == 40
    assert world.config.autoscaler.version > version


def test_a_deleted_config_map_gives_the_defaults_again(world):
    world.write("config-autoscaler", {"stable-window": "30s"})
    assert world.config.autoscaler().stable_window == 30
    world.store.delete(ConfigMap, "config-autoscaler", "knative-serving")
    assert world.config.autoscaler().stable_window == 60


def test_a_bad_value_is_warned_about_once_and_the_previous_settings_stay(world):
    world.write("config-autoscaler", {"stable-window": "30s"})
    world.config.autoscaler()
    world.write("config-autoscaler", {"stable-window": "1s"})
    assert world.config.autoscaler().stable_window == 30
    assert world.config.autoscaler().stable_window == 30
    (message,) = world.warnings()
    assert "stable-window" in message
    assert message.endswith("the previous settings stay in force")


def test_only_the_named_config_maps_of_knative_wake_what_reads_them(world):
    world.store.create(Route(metadata=ObjectMeta(name="iris", namespace="default")))
    watch = watch_config(world.store, world.config.domain, world.config.network, wakes=Route)
    for name, namespace, woken in (
        ("config-domain", "knative-serving", [Key("default", "iris")]),
        ("config-gc", "knative-serving", []),
        ("config-domain", "default", []),
    ):
        world.write(name, {}, namespace)
        entry = world.store.entry(ConfigMap, name, namespace)
        assert list(watch.keys_of(entry)) == woken
