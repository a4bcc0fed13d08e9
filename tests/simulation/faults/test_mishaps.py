import re

from kfsim.base.entropy import SeededEntropy
from kfsim.simulation.faults.mishaps import MISHAPS, draw


def test_each_is_drawn_by_its_weight() -> None:
    dice = SeededEntropy(1)
    drawn = [draw(MISHAPS, dice).name for _ in range(9000)]
    total = sum(each.weight for each in MISHAPS)
    for each in MISHAPS:
        expected = 9000 * each.weight / total
        assert 0.7 * expected < drawn.count(each.name) < 1.3 * expected, each.name


def test_names_are_plain_and_unique() -> None:
    names = [each.name for each in MISHAPS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z' ]+", name) for name in names)
