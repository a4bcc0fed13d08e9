import pytest

from kfsim.api.core import ConfigMap, Event
from kfsim.api.meta import ObjectMeta
from kfsim.autoscaler.config import AutoscalerConfig
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.podautoscaler.settings import AutoscalerSettings
from kfsim.controllers.runtime import Recorder
from kfsim.store import Store
from kfsim.testing.clock import FakeClock


class World:
    def __init__(self):
        clock, entropy = FakeClock(), SeededEntropy(1)
        self.store = Store(clock=clock, entropy=entropy)
        recorder = Recorder(store=self.store, clock=clock, entropy=entropy, component="autoscaler")
        self.settings = AutoscalerSettings(store=self.store, recorder=recorder)

    def write(self, name, data):
        found = self.store.find(ConfigMap, name, "knative-serving")
        if found is not None:
            self.store.update(found.replaced(data=data))
            return
        metadata = ObjectMeta(name=name, namespace="knative-serving")
        self.store.create(ConfigMap(metadata=metadata, data=data))

    def warnings(self):
        return [each.message for each in self.store.list(Event)]


@pytest.fixture
def world():
    return World()


def test_without_config_maps_the_defaults_hold(world):
    assert world.settings.current() == AutoscalerConfig()
    assert world.settings.progress_deadline() == 600


def test_settings_are_the_same_object_until_they_change(world):
    world.write("config-autoscaler", {"stable-window": "30s"})
    first = world.settings.current()
    assert first.stable_window == 30
    assert world.settings.current() is first
    world.write("config-autoscaler", {"stable-window": "40s"})
    assert world.settings.current().stable_window == 40


def test_a_deleted_config_map_gives_the_defaults_again(world):
    world.write("config-autoscaler", {"stable-window": "30s"})
    world.write("config-deployment", {"progress-deadline": "60s"})
    assert (world.settings.current().stable_window, world.settings.progress_deadline()) == (30, 60)
    for name in ("config-autoscaler", "config-deployment"):
        world.store.delete(ConfigMap, name, "knative-serving")
    assert (world.settings.current().stable_window, world.settings.progress_deadline()) == (60, 600)


def test_a_bad_value_is_warned_about_once_and_the_previous_settings_stay(world):
    world.write("config-autoscaler", {"stable-window": "30s"})
    world.settings.current()
    world.write("config-autoscaler", {"stable-window": "1s"})
    assert world.settings.current().stable_window == 30
    assert world.settings.current().stable_window == 30
    (message,) = world.warnings()
    assert "stable-window" in message
    assert message.endswith("the previous settings stay in force")


def test_a_bad_deadline_is_warned_about(world):
    world.write("config-deployment", {"progress-deadline": "soon"})
    assert world.settings.progress_deadline() == 600
    assert "progress-deadline" in world.warnings()[0]


def test_the_older_spelling_of_the_deadline_counts(world):
    world.write("config-deployment", {"progressDeadline": "90s"})
    assert world.settings.progress_deadline() == 90
