import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.base.layered import GONE, Gone, Layered, differing_keys

_CHANGES = st.lists(
    st.dictionaries(st.integers(0, 300), st.integers() | st.just(GONE), max_size=60), max_size=12
)


@given(_CHANGES)
def test_snapshots_are_what_plain_copies_would_be(steps: list[dict[int, int | Gone]]) -> None:
    layered: Layered[int, int] = Layered()
    plain: dict[int, int] = {}
    for changes in steps:
        before, plain_before = layered, dict(plain)
        layered = layered.changed(changes)
        for key, value in changes.items():
            if value is GONE:
                plain.pop(key, None)
            else:
                plain[key] = value
        assert dict(layered) == plain
        assert before == plain_before
        assert len(layered) == len(plain)
        assert [layered.get(key) for key in range(301)] == [plain.get(key) for key in range(301)]
        assert set(differing_keys(before, layered)) == {
            key for key in range(301) if plain_before.get(key) is not plain.get(key)
        }


def test_a_removed_key_is_not_there() -> None:
    layered = Layered({"a": 1, "b": 2}).changed({"a": GONE, "c": 3})
    assert "a" not in layered
    assert layered.get("a", 7) == 7
    with pytest.raises(KeyError):
        layered["a"]
    assert list(layered) == ["b", "c"]


def test_snapshots_share_their_base_until_changes_are_many() -> None:
    first = Layered({number: number for number in range(10_000)})
    copies = 0
    current = first
    for number in range(4_000):
        following = current.changed({number: -1})
        copies += following.base is not current.base
        current = following
    assert 5 <= copies <= 10
    assert first[0] == 0


def test_mappings_of_other_kinds_are_compared_whole() -> None:
    before, after = {"b": 2, "c": 3}, {"a": 1, "b": 2}
    assert differing_keys(before, after) == ["c", "a"]
    assert differing_keys(before, Layered(after)) == ["c", "a"]
    assert differing_keys(Layered(before), Layered(after)) == ["c", "a"]
