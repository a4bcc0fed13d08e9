"""What the facts about models mean."""

import pytest

from kfsim.cli.doctor import Level
from kfsim.cli.doctor.sources import PickleFacts, SourceFacts, check_pickle, check_source


def test_a_model_that_cannot_be_had_is_a_problem() -> None:
    assert check_source(SourceFacts("iris", "/m", found="model.joblib")).level is Level.OK
    finding = check_source(SourceFacts("iris", "/m", failure="/m holds no files; put it there"))
    assert finding.line == "problem  model of iris: /m holds no files; put it there"


@pytest.mark.parametrize(
    ("pickled", "level", "words"),
    [
        ("1.7.2", Level.OK, "as installed"),
        ("1.2.2", Level.NOTE, "pickled with scikit-learn 1.2.2, and 1.7.2 is installed"),
    ],
)
def test_versions(pickled: str, level: Level, words: str) -> None:
    finding = check_pickle(PickleFacts("model.joblib", pickled, "1.7.2"))
    assert finding is not None
    assert finding.level is level
    assert words in finding.found


def test_a_file_that_does_not_tell_is_left_out() -> None:
    assert check_pickle(PickleFacts("model.joblib", "", "1.7.2")) is None
