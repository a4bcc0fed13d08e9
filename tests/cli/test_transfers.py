"""What is being fetched, told in steps."""

from typing import Any

from kfsim.cli.board import PlainBoard
from kfsim.cli.transfers import Transfers


class Answers:
    """An API client whose daemon answers as given."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self.answers = list(answers)

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/kfsim/v1/transfers"
        return {"transfers": self.answers.pop(0)}


def transfer(current: int, total: int | None, what: str = "image a:1") -> dict[str, Any]:
    return {"what": what, "current": current, "total": total}


def test_progress_is_told_by_tenths_and_seen_byte_by_byte() -> None:
    said: list[str] = []
    answers = Answers(
        [transfer(0, 1000)],
        [transfer(40, 1000)],
        [transfer(40, 1000)],
        [transfer(120, 1000), transfer(5, None, "model b")],
        [],
    )
    transfers = Transfers(answers, PlainBoard(said.append))  # type: ignore[arg-type]  # one method is used
    assert [transfers.poll() for _ in range(5)] == [True, True, False, True, False]
    assert said == [
        "fetching image a:1: 0 B of 1.0 kB",
        "fetching image a:1: 120 B of 1.0 kB",
        "fetching model b: 5 B",
    ]


def test_sizes_that_nobody_knows_are_told_by_the_hundred_megabytes() -> None:
    said: list[str] = []
    answers = Answers(*([transfer(amount * 10**6, None)] for amount in (1, 99, 101, 150, 250)))
    transfers = Transfers(answers, PlainBoard(said.append))  # type: ignore[arg-type]  # one method is used
    for _ in range(5):
        transfers.poll()
    assert said == [f"fetching image a:1: {each}" for each in ("1.0 MB", "101 MB", "250 MB")]
