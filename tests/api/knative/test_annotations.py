"""Annotations are checked with Knative's bounds and words."""

import pytest

from kfsim.api.knative.annotations import (
    ScaleLimits,
    annotation,
    refuse_autoscaling,
    validate_autoscaling,
    validate_progress_deadline,
    validate_queue_resources,
    validate_rollout_duration,
)

_PREFIX = "autoscaling.knative.dev/"


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        pytest.param({"min-scale": "x"}, "invalid value: x", id="min-scale-text"),
        pytest.param({"minScale": "-1"}, "expected 0 <= -1 <= 2147483647", id="old-spelling"),
        pytest.param(
            {"min-scale": "3", "max-scale": "2"},
            "max-scale=2 is less than min-scale=3",
            id="max-below-min",
        ),
        pytest.param(
            {"activation-scale": "1"}, "activation-scale=1 must be greater than 1", id="activation"
        ),
        pytest.param({"initial-scale": "0"}, "invalid value: 0", id="initial-zero"),
        pytest.param({"window": "5s"}, "expected 6s <= 5s <= 1h0m0s", id="window-short"),
        pytest.param(
            {"window": "6500ms"},
            "must be specified with at most second precision",
            id="window-part",
        ),
        pytest.param({"target": "0"}, "target 0 should be at least 0.01", id="target"),
        pytest.param({"target-burst-capacity": "-2"}, "invalid value: -2", id="burst"),
        pytest.param(
            {"panic-threshold-percentage": "100"}, "expected 110 <= 100 <= 1000", id="panic"
        ),
        pytest.param({"metric": "cpu"}, "invalid value: cpu", id="metric"),
        pytest.param({"class": "my.autoscaling.knative.dev"}, None, id="class-of-knative"),
    ],
)
def test_bad_values(annotations: dict[str, str], message: str | None) -> None:
    causes = validate_autoscaling({_PREFIX + key: value for key, value in annotations.items()})
    assert len(causes) == 1
    assert causes[0].field.startswith(_PREFIX)
    if message is not None:
        assert causes[0].message == message


def test_good_values() -> None:
    annotations = {
        "class": "kpa.autoscaling.knative.dev",
        "min-scale": "1",
        "max-scale": "5",
        "window": "60s",
        "metric": "rps",
        "target-burst-capacity": "-1",
        "initial-scale": "2",
        "scale-down-delay": "15m",
    }
    assert validate_autoscaling({_PREFIX + key: value for key, value in annotations.items()}) == []


def test_the_cluster_may_allow_zero_and_limit_the_rest() -> None:
    limits = ScaleLimits(allow_zero_initial_scale=True, max_scale_limit=3)
    assert validate_autoscaling({_PREFIX + "initial-scale": "0"}, limits=limits) == []
    assert len(validate_autoscaling({_PREFIX + "max-scale": "4"}, limits=limits)) == 1
    assert len(validate_autoscaling({_PREFIX + "max-scale": "0"}, limits=limits)) == 1


def test_autoscaling_belongs_to_the_template() -> None:
    causes = refuse_autoscaling({_PREFIX + "min-scale": "1", "mine": "yes"})
    assert [cause.message.splitlines()[0] for cause in causes] == [
        'invalid key name "autoscaling.knative.dev/min-scale"'
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("fast", "invalid value: fast", id="text"),
        pytest.param("1500ms", "is not at second precision", id="part-of-a-second"),
        pytest.param("-5s", "must be positive", id="negative"),
    ],
)
def test_durations_are_whole_positive_seconds(text: str, message: str) -> None:
    rollout = validate_rollout_duration({"serving.knative.dev/rollout-duration": text})
    progress = validate_progress_deadline({"serving.knative.dev/progress-deadline": text})
    assert message in rollout[0].message
    assert message in progress[0].message


def test_queue_proxy_resources_are_quantities() -> None:
    key = "queue.sidecar.serving.knative.dev/cpu-resource-limit"
    assert validate_queue_resources({key: "100m"}) == []
    assert validate_queue_resources({key: "much"})[0].message == "invalid value: much"


def test_both_spellings_are_read() -> None:
    assert annotation({_PREFIX + "maxScale": "4"}, "max-scale") == "4"
    assert annotation({_PREFIX + "max-scale": "5"}, "max-scale") == "5"
    assert annotation({}, "max-scale") is None
