from kfsim.api.core import ConfigMap, Pod
from kfsim.api.knative.internal import Metric, ServerlessService
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.runtime import Key
from kfsim.testing.scaling import REVISION, tell


def test_only_the_autoscalers_own_config_maps_wake_everything():
    async def story(world):
        world.apply_revision()
        for name, namespace in (
            ("config-autoscaler", "knative-serving"),
            ("config-deployment", "knative-serving"),
            ("config-network", "knative-serving"),
            ("config-autoscaler", "default"),
        ):
            world.store.create(ConfigMap(metadata=ObjectMeta(name=name, namespace=namespace)))
        (controller,) = [each for each in world.controllers if each.name == "podautoscaler"]
        (watch,) = [each for each in controller.watches if each.model is ConfigMap]
        woken = {entry.key: list(watch.keys_of(entry)) for entry in world.store.entries(ConfigMap)}
        assert {key for key, keys in woken.items() if keys} == {
            ("knative-serving", "config-autoscaler"),
            ("knative-serving", "config-deployment"),
        }
        assert controller.urgent
        assert {Pod, ServerlessService, Metric} < {each.model for each in controller.watches}

    tell(story)


def test_a_metric_that_was_deleted_is_made_again():
    async def story(world):
        world.apply_revision()
        await world.settle()
        world.store.delete(Metric, REVISION.name, REVISION.namespace)
        await world.settle()
        assert world.store.find(Metric, REVISION.name, REVISION.namespace) is not None
        assert Key(*REVISION) not in [key for _, key in world.dispatcher.pending]

    tell(story)
