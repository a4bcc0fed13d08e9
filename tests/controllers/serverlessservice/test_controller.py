from kfsim.api.core import Pod
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.runtime import Key
from kfsim.controllers.serverlessservice.controller import revision_of
from kfsim.testing.scaling import tell


def test_pods_wake_the_service_of_their_revision():
    async def story(world):
        labels = {"serving.knative.dev/revision": "iris-00001"}
        for name, given in (("a", labels), ("b", {})):
            metadata = ObjectMeta(name=name, namespace="default", labels=given)
            world.store.create(Pod(metadata=metadata))
        mine, other = world.store.entries(Pod)
        assert revision_of(mine) == (Key("default", "iris-00001"),)
        assert revision_of(other) == ()

    tell(story)
