"""Equal texts kept once."""

from kfsim.store.sharing import NO_LABELS, Sharing


def _text(*letters: str) -> str:
    """A text of its own, equal or not."""
    return "".join(letters)


def test_the_first_of_equal_texts_is_given() -> None:
    sharing = Sharing()
    first = sharing.text(_text("a", "b"))
    assert sharing.text(_text("a", "b")) is first


def test_labels_share_their_texts_and_none_are_one() -> None:
    sharing = Sharing()
    one = sharing.labels({_text("k", "1"): _text("v", "1")})
    other = sharing.labels({_text("k", "1"): _text("v", "1")})
    assert one == other == {"k1": "v1"}
    assert one is other
    assert next(iter(sharing.labels({_text("k", "1"): "v2"}))) is next(iter(one))
    assert sharing.labels({}) is NO_LABELS


def test_groups_share_their_texts() -> None:
    sharing = Sharing()
    first = sharing.texts((_text("a", "b"), "c"))
    assert sharing.texts((_text("a", "b"), "c")) is first
    assert sharing.text(_text("a", "b")) is first[0]


def test_only_so_much_is_remembered() -> None:
    sharing = Sharing()
    first = sharing.text(_text("a", "b"))
    for number in range(10_000):
        sharing.text(str(number))
        sharing.texts((str(number),))
        sharing.labels({"number": str(number)})
    again = sharing.text(_text("a", "b"))
    assert again == first
    assert again is not first
