from collections.abc import Iterator

import pytest

from kfsim.api.core import ConfigMap, Event, Namespace, Pod, PodSpec
from kfsim.api.knative.serving import Configuration, Revision
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.base.entropy import SeededEntropy
from kfsim.base.errors import AlreadyExists, Conflict, Forbidden, NotFound
from kfsim.store import EventType, MemoryJournal, Store, StoreEvent


class SteppedClock:
    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time


def make_store(journal: MemoryJournal | None = None) -> Store:
    return Store(clock=SteppedClock(), entropy=SeededEntropy(1), journal=journal)


@pytest.fixture
def store() -> Store:
    return make_store()


@pytest.fixture
def events(store: Store) -> Iterator[list[StoreEvent]]:
    heard: list[StoreEvent] = []
    unsubscribe = store.subscribe(heard.append)
    yield heard
    unsubscribe()


def make_pod(name: str, namespace: str = "default", **metadata: object) -> Pod:
    return Pod(metadata=ObjectMeta(name=name, namespace=namespace, **metadata))


def test_create_gives_identity(store: Store) -> None:
    pod = store.create(make_pod("a"))
    assert pod.metadata.uid
    assert pod.metadata.resource_version == "1"
    assert pod.metadata.generation == 1
    assert pod.metadata.creation_timestamp == "2023-11-14T22:13:20Z"
    assert store.get(Pod, "a", "default") is pod


def test_kinds_without_spec_have_no_generation(store: Store) -> None:
    assert store.create(ConfigMap(metadata=ObjectMeta(name="a"))).metadata.generation == 0


def test_generate_name_is_completed(store: Store) -> None:
    made = store.create(Pod(metadata=ObjectMeta(generate_name="a-", namespace="x")))
    assert made.metadata.name.startswith("a-")
    assert len(made.metadata.name) == 7


def test_second_create_is_refused(store: Store) -> None:
    store.create(make_pod("a"))
    with pytest.raises(AlreadyExists, match='pods "a" already exists'):
        store.create(make_pod("a"))


def test_generation_grows_with_the_spec_only(store: Store) -> None:
    pod = store.create(make_pod("a"))
    labelled = store.update(pod.replaced(metadata=pod.metadata.replaced(labels={"a": "b"})))
    assert labelled.metadata.generation == 1
    changed = store.update(labelled.replaced(spec=PodSpec(hostname="h")))
    assert changed.metadata.generation == 2
    status = store.update_status(changed.replaced(status=changed.status.replaced(phase="Running")))
    assert status.metadata.generation == 2
    assert status.status.phase == "Running"


def test_update_leaves_the_status_alone(store: Store) -> None:
    pod = store.create(make_pod("a"))
    updated = store.update(
        pod.replaced(status=pod.status.replaced(phase="Running"), spec=PodSpec(hostname="h"))
    )
    assert updated.status.phase is None


def test_no_op_writes_notify_nobody(store: Store, events: list[StoreEvent]) -> None:
    pod = store.create(make_pod("a"))
    assert store.update(pod) is pod
    assert store.update_status(pod) is pod
    assert [event.type for event in events] == [EventType.ADDED]


def test_a_list_in_the_place_of_a_tuple_is_no_change(store: Store) -> None:
    pod = store.create(
        Pod(metadata=ObjectMeta(name="a"), spec=PodSpec(tolerations=({"key": "k"},)))
    )
    again = pod.replaced(spec=pod.spec.replaced(tolerations=[{"key": "k"}]))
    with pytest.warns(UserWarning, match="Expected `tuple"):
        assert store.update(again) is pod


def test_stale_versions_conflict(store: Store) -> None:
    pod = store.create(make_pod("a"))
    store.update(pod.replaced(spec=PodSpec(hostname="h")))
    with pytest.raises(Conflict, match="the object has been modified"):
        store.update(pod.replaced(spec=PodSpec(hostname="i")))


def test_dry_runs_store_nothing(store: Store, events: list[StoreEvent]) -> None:
    assert store.create(make_pod("a"), dry_run=True).metadata.uid
    pod = store.create(make_pod("b"))
    wanted = store.update(pod.replaced(spec=PodSpec(hostname="h")), dry_run=True)
    assert wanted.metadata.generation == 2
    assert store.get(Pod, "b", "default") is pod
    assert len(events) == 1


def test_lists_are_sorted_and_selected_by_labels(store: Store) -> None:
    for namespace, name, label in (
        ("b", "a", "1"),
        ("a", "b", "1"),
        ("a", "a", "2"),
        ("a-", "c", "1"),
    ):
        labels = {"serving.knative.dev/revision": label, "other": label}
        store.create(make_pod(name, namespace, labels=labels))
    keys = [(pod.metadata.namespace, pod.metadata.name) for pod in store.list(Pod)]
    assert keys == [("a", "a"), ("a", "b"), ("a-", "c"), ("b", "a")]
    assert [pod.metadata.name for pod in store.list(Pod, "a")] == ["a", "b"]
    for label in ("serving.knative.dev/revision", "other"):
        found = store.list(Pod, "a", labels={label: "1"})
        assert [pod.metadata.name for pod in found] == ["b"]
        assert len(store.list(Pod, labels={label: "1"})) == 3


def test_label_index_follows_updates(store: Store) -> None:
    label = "serving.knative.dev/revision"
    pod = store.create(make_pod("a", labels={label: "1"}))
    store.update(pod.replaced(metadata=pod.metadata.replaced(labels={label: "2"})))
    assert store.list(Pod, labels={label: "1"}) == ()
    assert len(store.list(Pod, labels={label: "2"})) == 1


def test_owned_lists_managed_children(store: Store) -> None:
    parent = store.create(Configuration(metadata=ObjectMeta(name="c", namespace="n")))
    reference = owner_reference(parent)
    store.create(
        Revision(metadata=ObjectMeta(name="r", namespace="n", owner_references=(reference,)))
    )
    other = reference.replaced(controller=None)
    store.create(Revision(metadata=ObjectMeta(name="s", namespace="n", owner_references=(other,))))
    assert [revision.metadata.name for revision in store.owned(Revision, parent)] == ["r"]


def test_deletion_event_carries_its_own_version(store: Store, events: list[StoreEvent]) -> None:
    store.create(make_pod("a", annotations={"x": '"resourceVersion":"1"'}))
    store.delete(Pod, "a", "default")
    gone = events[-1]
    assert gone.type is EventType.DELETED
    assert gone.entry.resource_version == 2
    view = Pod.model_validate_json(gone.entry.raw)
    assert view.metadata.resource_version == "2"
    assert view.metadata.annotations == {"x": '"resourceVersion":"1"'}
    with pytest.raises(NotFound):
        store.get(Pod, "a", "default")


def test_finalizers_hold_an_object(store: Store) -> None:
    store.create(make_pod("a", finalizers=("f",)))
    store.delete(Pod, "a", "default")
    held = store.get(Pod, "a", "default")
    assert held.metadata.deletion_timestamp
    store.update(held.replaced(metadata=held.metadata.replaced(finalizers=())))
    assert store.find(Pod, "a", "default") is None


def test_content_of_an_ending_namespace_is_refused(store: Store) -> None:
    store.create(Namespace(metadata=ObjectMeta(name="n")))
    store.create(make_pod("a", "n", finalizers=("f",)))
    store.delete(Namespace, "n")
    with pytest.raises(Forbidden, match="because it is being terminated"):
        store.create(make_pod("b", "n"))


async def test_a_store_restarts_from_its_journal() -> None:
    journal = MemoryJournal()
    first = make_store(journal)
    parent = first.create(InferenceService(metadata=ObjectMeta(name="i", namespace="n")))
    child = Configuration(
        metadata=ObjectMeta(name="c", namespace="n", owner_references=(owner_reference(parent),))
    )
    first.create(child)
    first.create(make_pod("gone"))
    first.delete(Pod, "gone", "default")
    second = make_store(journal)
    assert second.get(InferenceService, "i", "n") == parent
    assert len(second.owned(Configuration, parent)) == 1
    assert len(second) == 2
    assert second.resource_version > first.resource_version


def test_a_half_written_deletion_is_finished_after_a_restart() -> None:
    journal = MemoryJournal()
    first = make_store(journal)
    parent = first.create(Configuration(metadata=ObjectMeta(name="c", namespace="n")))
    reference = owner_reference(parent)
    child = Revision(metadata=ObjectMeta(name="r", namespace="n", owner_references=(reference,)))
    first.create(child)
    orphan_journal = MemoryJournal()
    for change in journal.load().changes:
        if change.key.kind == "Revision":
            orphan_journal.append(change)
    assert len(make_store(orphan_journal)) == 0


def test_events_of_many_kinds_share_one_counter(store: Store) -> None:
    pod = store.create(make_pod("a"))
    event = store.create(Event(metadata=ObjectMeta(name="e", namespace="default")))
    assert int(event.metadata.resource_version) == int(pod.metadata.resource_version) + 1


def test_what_was_not_looked_at_for_long_reads_the_same(store: Store) -> None:
    made = [store.create(make_pod(f"a{number:04}", labels={"n": "x"})) for number in range(1200)]
    entries = store.entries(Pod)
    assert sum(entry.template is not None for entry in entries) == 1200 - 256
    assert store.list(Pod) == tuple(made)
    changed = store.update(made[0].replaced(spec=PodSpec(hostname="h")))
    assert store.get(Pod, "a0000", "default") == changed


def test_a_restored_store_keeps_its_bytes_packed() -> None:
    journal = MemoryJournal()
    store = make_store(journal)
    made = [store.create(make_pod(f"a{number:04}")) for number in range(600)]
    again = make_store(journal)
    assert any(entry.template is not None for entry in again.entries(Pod))
    assert again.list(Pod) == tuple(made)
