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
    assert next(iter(one)) is next(iter(other))
    assert sharing.labels({}) is NO_LABELS
