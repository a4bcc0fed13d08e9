"""Children are written when they differ, and only when they are the owner's."""

import pytest

from kfsim.api.core import ConfigMap, Service, ServiceSpec
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.controllers.inferenceservice.children import Children, NotOwned


def child(owner, **annotations):
    return Service(
        metadata=ObjectMeta(
            name="c",
            namespace="default",
            annotations=annotations,
            owner_references=(owner_reference(owner),),
        ),
        spec=ServiceSpec(type="ExternalName"),
    )


@pytest.fixture
def owner(world):
    return world.store.create(ConfigMap(metadata=ObjectMeta(name="o", namespace="default")))


def test_an_equal_child_is_not_written(world, owner):
    children = Children(world.store)
    first = children.apply(owner, child(owner))

    assert children.apply(owner, child(owner)) == first


def test_foreign_annotations_stay_and_own_ones_go(world, owner):
    children = Children(world.store)
    first = children.apply(owner, child(owner, mine="1"))
    annotated = first.metadata.replaced(annotations={"mine": "1", "theirs": "2"})
    world.store.update(first.replaced(metadata=annotated))

    result = children.apply(owner, child(owner), owned_annotations=("mine",))
    assert result.metadata.annotations == {"theirs": "2"}


def test_a_foreign_object_is_not_touched(world, owner):
    world.store.create(Service(metadata=ObjectMeta(name="c", namespace="default")))

    with pytest.raises(NotOwned, match="not owned by ConfigMap"):
        Children(world.store).apply(owner, child(owner))


def test_only_the_owners_are_removed(world, owner):
    children = Children(world.store)
    children.apply(owner, child(owner))
    other = world.store.create(Service(metadata=ObjectMeta(name="x", namespace="default")))
    children.remove(owner, Service, keep=())

    assert world.store.list(Service) == (other,)
