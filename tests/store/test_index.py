from kfsim.api.core import ConfigMap, Pod
from kfsim.api.meta import Object, ObjectMeta, OwnerReference
from kfsim.api.scheme import kind_of
from kfsim.store import Entry
from kfsim.store.entry import make_entry
from kfsim.store.index import INDEXED_LABELS, Index


def make(
    name: str, uid: str, *, owner: str = "", model: type[Object] = Pod, **labels: str
) -> Entry:
    owners = (OwnerReference(api_version="v1", kind="X", name="x", uid=owner),) if owner else ()
    metadata = ObjectMeta(
        name=name,
        namespace="n",
        uid=uid,
        owner_references=owners,
        labels={INDEXED_LABELS[int(number[1])]: value for number, value in labels.items()},
    )
    return make_entry(kind_of(model), model(metadata=metadata), 1)


def test_relations_follow_each_write() -> None:
    index = Index()
    first = make("a", "1", owner="o", _0="x")
    index.put(first, None)
    second = make("a", "1", owner="p", _0="y")
    index.put(second, first)
    assert index.owned_by("o") == []
    assert index.owned_by("p") == index.labelled(Pod, None, {INDEXED_LABELS[0]: "y"}) == [second]
    assert index.by_uid("1") is second
    index.remove(second)
    assert len(index) == 0
    assert index._owned == {}
    assert index._labelled == {Pod: {INDEXED_LABELS[0]: {}}}
    assert index.labelled(Pod, None, {INDEXED_LABELS[0]: "y"}) == []


def test_owned_entries_are_sorted_by_kind_and_name() -> None:
    index = Index()
    for entry in (make("b", "1", owner="o"), make("a", "2", owner="o")):
        index.put(entry, None)
    index.put(make("c", "3", owner="o", model=ConfigMap), None)
    assert [entry.uid for entry in index.owned_by("o")] == ["3", "2", "1"]
    assert [entry.uid for entry in index.in_namespace("n")] == ["2", "1", "3"]
    assert index.in_namespace("m") == []
