"""The store against a dict: whatever is written, read, deleted and restarted."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kfsim.api.knative.serving import Revision, RevisionSpec
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.errors import AlreadyExists, Conflict
from kfsim.store import EventType, MemoryJournal, Store, StoreEvent

names = st.sampled_from("abcdef")


class StoreModel(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.entropy = SeededEntropy(1)  # a restart must not give the same uids again
        self.journal = MemoryJournal()
        self.entropy = SeededEntropy(1)
        self.model: dict[str, Revision] = {}
        self.versions: list[int] = [0]
        self.followed: dict[str, int] = {}
        self.restart()

    @rule()
    def restart(self) -> None:
        self.store = Store(clock=RealClock(), entropy=self.entropy, journal=self.journal)
        self.store.subscribe(self.on_event)
        self.followed = {name: int(r.metadata.resource_version) for name, r in self.model.items()}
        self.watch = self.store.watch(Revision)

    def on_event(self, event: StoreEvent) -> None:
        assert event.entry.resource_version > self.versions[-1]
        self.versions.append(event.entry.resource_version)
        assert (event.old is None) == (event.type is EventType.ADDED)

    @rule(name=names, owner=st.none() | names)
    def create(self, name: str, owner: str | None) -> None:
        parent = self.model.get(owner) if owner else None
        references = (owner_reference(parent),) if parent else ()
        wanted = Revision(metadata=ObjectMeta(name=name, owner_references=references))
        try:
            made = self.store.create(wanted)
        except AlreadyExists:
            assert name in self.model
            return
        assert name not in self.model
        self.model[name] = made

    @rule(name=names, timeout=st.integers(0, 2), label=st.sampled_from("xy"))
    def update(self, name: str, timeout: int, label: str) -> None:
        current = self.model.get(name)
        if current is None:
            return
        wanted = current.replaced(
            spec=RevisionSpec(timeout_seconds=timeout),
            metadata=current.metadata.replaced(labels={"serving.knative.dev/service": label}),
        )
        count = len(self.versions)
        updated = self.store.update(wanted)
        same_spec = current.spec == wanted.spec
        same = same_spec and current.metadata.labels == wanted.metadata.labels
        assert (len(self.versions) == count) == same
        assert updated.metadata.generation == current.metadata.generation + (not same_spec)
        self.model[name] = updated

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def stale_writes_conflict(self, data: st.DataObject) -> None:
        current = self.model[data.draw(st.sampled_from(sorted(self.model)))]
        stale = current.replaced(metadata=current.metadata.replaced(resource_version="0"))
        try:
            self.store.update(stale)
        except Conflict:
            return
        raise AssertionError("a stale write was taken")

    @rule(name=names)
    def delete(self, name: str) -> None:
        if name not in self.model:
            return
        self.store.delete(Revision, name)
        doomed = [self.model.pop(name).metadata.uid]
        while doomed:
            uid = doomed.pop()
            for child in [n for n, r in self.model.items() if owned_by(r, uid)]:
                doomed.append(self.model.pop(child).metadata.uid)

    @invariant()
    def the_store_is_the_model(self) -> None:
        stored = {revision.metadata.name: revision for revision in self.store.list(Revision)}
        assert stored == self.model
        assert list(stored) == sorted(self.model)
        for label in "xy":
            labels = {"serving.knative.dev/service": label}
            found = [r.metadata.name for r in self.store.list(Revision, labels=labels)]
            wanted = [n for n, r in sorted(self.model.items()) if r.metadata.labels == labels]
            assert found == wanted

    @invariant()
    def a_watcher_can_follow(self) -> None:
        for event in self.watch.take():
            if event.type is EventType.DELETED:
                del self.followed[event.entry.name]
            else:
                self.followed[event.entry.name] = event.entry.resource_version
        versions = {name: int(r.metadata.resource_version) for name, r in self.model.items()}
        assert self.followed == versions


def owned_by(revision: Revision, uid: str) -> bool:
    return any(reference.uid == uid for reference in revision.metadata.owner_references)


TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
