"""Randomness is reproducible from its seed."""

from uuid import UUID

from kfsim.base.entropy import SeededEntropy, SystemEntropy


def draw(entropy: SeededEntropy) -> tuple[str, str, float, int]:
    return entropy.uid(), entropy.suffix(), entropy.uniform(), entropy.below(10)


def test_one_seed_gives_one_sequence() -> None:
    assert draw(SeededEntropy("story")) == draw(SeededEntropy("story"))
    assert draw(SeededEntropy(1)) != draw(SeededEntropy(2))


def test_draws_have_the_right_form() -> None:
    uid, suffix, uniform, below = draw(SystemEntropy())
    assert UUID(uid).version == 4
    assert len(suffix) == 5
    assert not set(suffix) & set("aeiou013")
    assert 0 <= uniform < 1
    assert 0 <= below < 10
