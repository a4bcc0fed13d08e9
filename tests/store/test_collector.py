import pytest

from kfsim.api.core import ConfigMap, Namespace, Pod
from kfsim.api.knative.serving import Configuration, Revision
from kfsim.api.meta import Object, ObjectMeta, OwnerReference, owner_reference
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.store import Propagation, Store


@pytest.fixture
def store() -> Store:
    return Store(clock=RealClock(), entropy=SeededEntropy(1))


def make_owner(store: Store, name: str = "owner", **metadata: object) -> Configuration:
    return store.create(Configuration(metadata=ObjectMeta(name=name, namespace="n", **metadata)))


def make_child(store: Store, *owners: Object, **metadata: object) -> Revision:
    references: tuple[OwnerReference, ...] = tuple(
        owner_reference(owner).replaced(controller=number == 0 or None)
        for number, owner in enumerate(owners)
    )
    return store.create(
        Revision(
            metadata=ObjectMeta(
                name="child", namespace="n", owner_references=references, **metadata
            )
        )
    )


def test_children_and_grandchildren_follow(store: Store) -> None:
    owner = make_owner(store)
    child = make_child(store, owner)
    pod = Pod(
        metadata=ObjectMeta(name="p", namespace="n", owner_references=(owner_reference(child),))
    )
    store.create(pod)
    store.delete(Configuration, "owner", "n")
    assert len(store) == 0


def test_orphans_stay_without_the_reference(store: Store) -> None:
    owner = make_owner(store)
    make_child(store, owner)
    store.delete(Configuration, "owner", "n", propagation=Propagation.ORPHAN)
    assert store.get(Revision, "child", "n").metadata.owner_references == ()
    assert store.find(Configuration, "owner", "n") is None


def test_foreground_keeps_the_owner_until_its_children_are_gone(store: Store) -> None:
    owner = make_owner(store)
    make_child(store, owner, finalizers=("hold",))
    store.delete(Configuration, "owner", "n", propagation=Propagation.FOREGROUND)
    waiting = store.get(Configuration, "owner", "n")
    assert waiting.metadata.deletion_timestamp
    assert waiting.metadata.finalizers == ("foregroundDeletion",)
    child = store.get(Revision, "child", "n")
    store.update(child.replaced(metadata=child.metadata.replaced(finalizers=())))
    assert len(store) == 0


def test_foreground_without_children_is_plain(store: Store) -> None:
    make_owner(store)
    store.delete(Configuration, "owner", "n", propagation=Propagation.FOREGROUND)
    assert len(store) == 0


def test_a_child_of_two_owners_goes_with_the_last(store: Store) -> None:
    first, second = make_owner(store, "first"), make_owner(store, "second")
    make_child(store, first, second)
    store.delete(Configuration, "first", "n")
    left = store.get(Revision, "child", "n").metadata.owner_references
    assert [reference.name for reference in left] == ["second"]
    store.delete(Configuration, "second", "n")
    assert len(store) == 0


def test_a_child_created_for_a_deleted_owner_goes_at_once(store: Store) -> None:
    owner = make_owner(store)
    store.delete(Configuration, "owner", "n")
    make_child(store, owner)
    assert len(store) == 0


def test_a_child_of_an_owner_with_a_finalizer_stays_until_it_is_off(store: Store) -> None:
    owner = make_owner(store, finalizers=("hold",))
    make_child(store, owner)
    store.delete(Configuration, "owner", "n")
    assert store.find(Revision, "child", "n") is not None
    held = store.get(Configuration, "owner", "n")
    store.update(held.replaced(metadata=held.metadata.replaced(finalizers=())))
    assert len(store) == 0


def test_a_namespace_takes_its_content_along(store: Store) -> None:
    store.create(Namespace(metadata=ObjectMeta(name="n")))
    make_child(store, make_owner(store))
    store.create(ConfigMap(metadata=ObjectMeta(name="other", namespace="m")))
    store.delete(Namespace, "n")
    assert len(store) == 1


def test_a_namespace_terminates_while_content_is_held(store: Store) -> None:
    store.create(Namespace(metadata=ObjectMeta(name="n"), status={"phase": "Active"}))
    make_owner(store, finalizers=("hold",))
    store.delete(Namespace, "n")
    assert store.get(Namespace, "n").status["phase"] == "Terminating"
    held = store.get(Configuration, "owner", "n")
    store.update(held.replaced(metadata=held.metadata.replaced(finalizers=())))
    assert len(store) == 0
