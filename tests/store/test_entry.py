import pytest

from kfsim.api.core import Pod
from kfsim.api.meta import ObjectMeta, OwnerReference
from kfsim.api.scheme import kind_of
from kfsim.store.entry import Entry, make_entry, restore_entry, with_version
from kfsim.store.sharing import Sharing

RESOURCE = kind_of(Pod)
OWNERS = (
    OwnerReference(api_version="v1", kind="A", name="a", uid="1"),
    OwnerReference(api_version="v1", kind="B", name="b", uid="2", controller=True),
)


def test_bytes_restore_what_an_object_makes() -> None:
    metadata = ObjectMeta(
        name="p", namespace="n", uid="u", labels={"a": "b"}, owner_references=OWNERS
    )
    for more in ({}, {"deletion_timestamp": "2023-11-14T22:13:20Z"}):
        entry = make_entry(RESOURCE, Pod(metadata=metadata.replaced(**more)), 3)
        restored = restore_entry(RESOURCE, entry.raw, 3, sharing=Sharing())
        assert restored == entry
        assert restored.raw == entry.raw
        assert (entry.owner_kind, entry.owner_uids) == ("B", ("1", "2"))


def test_versions_are_replaced_in_place() -> None:
    metadata = ObjectMeta(name="p", uid="u", resource_version="3", labels={"v": "3"})
    entry = with_version(make_entry(RESOURCE, Pod(metadata=metadata), 3), 14)
    assert entry.deleting
    assert b'"resourceVersion":"14"' in entry.raw
    assert b'"v":"3"' in entry.raw


def test_a_packed_entry_is_smaller_and_reads_the_same() -> None:
    metadata = ObjectMeta(name="p", namespace="n", uid="u", resource_version="3", labels={"a": "b"})
    entry = make_entry(RESOURCE, Pod(metadata=metadata), 3)
    raw = entry.raw
    entry.pack(raw.replace(b'"u"', b'"other"'), Sharing())
    assert len(entry.content) < len(raw) // 2
    assert entry.raw == raw
    entry.pack(b"another template", Sharing())
    assert entry.raw == raw
    changed = with_version(entry, 14)
    assert changed.raw == raw.replace(b'"3"', b'"14"')


def test_packed_siblings_keep_equal_texts_once() -> None:
    def make(number: int) -> Entry:
        metadata = ObjectMeta(
            name=f"p{number}",
            namespace="".join(("na", "me")),
            labels={"".join(("la", "bel")): "".join(("va", "lue"))},
            owner_references=OWNERS,
        )
        return make_entry(RESOURCE, Pod(metadata=metadata), number)

    sharing = Sharing()
    one, two = make(1), make(2)
    for entry in (one, two):
        before = (entry.key, entry.labels, entry.owner_uids)
        entry.pack(one.raw, sharing)
        assert (entry.key, entry.labels, entry.owner_uids) == before
    assert one.labels is two.labels
    assert one.namespace is two.namespace
    assert one.owner_uids is two.owner_uids


def test_an_entry_goes_on_to_use_the_texts_of_the_one_before() -> None:
    old = make_entry(RESOURCE, Pod(metadata=ObjectMeta(name="p", namespace="n", uid="u-1")), 1)
    decoded = Pod.model_validate_json(old.raw)
    new = make_entry(RESOURCE, decoded, 2, old=old)
    assert new.uid is old.uid


def test_bytes_that_are_unlike_the_template_stay_as_they_are() -> None:
    entry = make_entry(RESOURCE, Pod(metadata=ObjectMeta(name="p", uid="u")), 3)
    entry.pack(b"nothing of this is in there", Sharing())
    assert entry.template is None


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"{}", b'{"metadata":{"name":"a"}}', b'{"metadata":1}']
)
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        restore_entry(RESOURCE, raw, 1, sharing=Sharing())
