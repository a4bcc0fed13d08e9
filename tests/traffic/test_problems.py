"""Traffic problems speak Knative's words."""

import pytest

from kfsim.traffic import TargetProblem, problems


@pytest.mark.parametrize(
    ("problem", "reason", "message", "is_failure"),
    [
        pytest.param(
            problems.missing_target("Revision", "r"),
            "RevisionMissing",
            'Revision "r" referenced in traffic not found.',
            True,
            id="missing-revision",
        ),
        pytest.param(
            problems.missing_target("Configuration", "c"),
            "ConfigurationMissing",
            'Configuration "c" referenced in traffic not found.',
            True,
            id="missing-configuration",
        ),
        pytest.param(
            problems.unready_configuration("c", failed=False),
            "RevisionMissing",
            'Configuration "c" is waiting for a Revision to become ready.',
            False,
            id="waiting-configuration",
        ),
        pytest.param(
            problems.unready_configuration("c", failed=True),
            "RevisionMissing",
            'Configuration "c" does not have any ready Revision.',
            True,
            id="failed-configuration",
        ),
        pytest.param(
            problems.unready_revision("r", failed=False),
            "RevisionMissing",
            'Revision "r" is not yet ready.',
            False,
            id="waiting-revision",
        ),
        pytest.param(
            problems.unready_revision("r", failed=True),
            "RevisionMissing",
            'Revision "r" failed to become ready.',
            True,
            id="failed-revision",
        ),
        pytest.param(
            problems.foreign_revision("r", expected="a", actual="b"),
            "RevisionNotOwned",
            'Revision "r" belongs to Service "b", not Service "a".',
            True,
            id="of-another-service",
        ),
        pytest.param(
            problems.foreign_revision("r", expected="a", actual=""),
            "RevisionNotOwned",
            'Revision "r" does not belong to Service "a".',
            True,
            id="of-no-service",
        ),
    ],
)
def test_texts(problem: TargetProblem, reason: str, message: str, is_failure: bool) -> None:
    assert problem == TargetProblem(reason, message, is_failure)
