from kfsim.api.core import ConfigMap, Pod, Secret
from kfsim.testing.scaling import tell


def test_pods_and_what_they_may_wait_for_wake_it_urgently():
    async def story(world):
        (controller,) = [each for each in world.controllers if each.name == "pod"]
        assert [each.model for each in controller.watches] == [Pod, ConfigMap, Secret]
        assert controller.urgent

    tell(story)
