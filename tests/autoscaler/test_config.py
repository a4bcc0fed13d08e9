"""The config-autoscaler ConfigMap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.autoscaler.config import AutoscalerConfig
from kfsim.base.errors import Invalid


def test_defaults() -> None:
    assert AutoscalerConfig.parse({}) == AutoscalerConfig()


def test_every_key() -> None:
    config = AutoscalerConfig.parse(
        {
            "pod-autoscaler-class": "hpa.autoscaling.knative.dev",
            "enable-scale-to-zero": "false",
            "allow-zero-initial-scale": "true",
            "max-scale-up-rate": "10",
            "max-scale-down-rate": "1.5",
            "container-concurrency-target-percentage": "80",
            "container-concurrency-target-default": "50",
            "requests-per-second-target-default": "20.5",
            "target-burst-capacity": "-1",
            "panic-window-percentage": "20",
            "panic-threshold-percentage": "150",
            "activator-capacity": "50",
            "initial-scale": "0",
            "min-scale": "1",
            "max-scale": "5",
            "max-scale-limit": "6",
            "stable-window": "2m",
            "scale-down-delay": "15s",
            "scale-to-zero-grace-period": "500ms",
            "scale-to-zero-pod-retention-period": "1m",
        }
    )
    assert config == AutoscalerConfig(
        pod_autoscaler_class="hpa.autoscaling.knative.dev",
        enable_scale_to_zero=False,
        allow_zero_initial_scale=True,
        max_scale_up_rate=10,
        max_scale_down_rate=1.5,
        container_concurrency_target_percentage=0.8,
        container_concurrency_target_default=50,
        requests_per_second_target_default=20.5,
        target_burst_capacity=-1,
        panic_window_percentage=20,
        panic_threshold_percentage=150,
        activator_capacity=50,
        initial_scale=0,
        min_scale=1,
        max_scale=5,
        max_scale_limit=6,
        stable_window=120,
        scale_down_delay=15,
        scale_to_zero_grace_period=0.5,
        scale_to_zero_pod_retention_period=60,
    )


@pytest.mark.parametrize("text", ["70", "0.7"])
def test_percentage_may_be_a_fraction(text: str) -> None:
    config = AutoscalerConfig.parse({"container-concurrency-target-percentage": text})
    assert config.container_concurrency_target_percentage == 0.7


def test_unknown_keys_are_ignored() -> None:
    assert AutoscalerConfig.parse({"_example": "x", "tick-interval": "2s"}) == AutoscalerConfig()


@pytest.mark.parametrize(
    ("data", "key", "value"),
    [
        ({"enable-scale-to-zero": "yes"}, "enable-scale-to-zero", "yes"),
        ({"max-scale-up-rate": "1"}, "max-scale-up-rate", "1"),
        ({"max-scale-down-rate": "fast"}, "max-scale-down-rate", "fast"),
        ({"max-scale-down-rate": "0.5"}, "max-scale-down-rate", "0.5"),
        (
            {"container-concurrency-target-percentage": "0"},
            "container-concurrency-target-percentage",
            "0",
        ),
        (
            {"container-concurrency-target-percentage": "101"},
            "container-concurrency-target-percentage",
            "101",
        ),
        (
            {"container-concurrency-target-default": "0.01"},
            "container-concurrency-target-default",
            "0.01",
        ),
        (
            {"requests-per-second-target-default": "0"},
            "requests-per-second-target-default",
            "0",
        ),
        ({"target-burst-capacity": "-2"}, "target-burst-capacity", "-2"),
        ({"panic-window-percentage": "0.5"}, "panic-window-percentage", "0.5"),
        ({"panic-window-percentage": "101"}, "panic-window-percentage", "101"),
        ({"activator-capacity": "0"}, "activator-capacity", "0"),
        ({"initial-scale": "0"}, "initial-scale", "0"),
        ({"initial-scale": "-1", "allow-zero-initial-scale": "true"}, "initial-scale", "-1"),
        ({"initial-scale": "1.5"}, "initial-scale", "1.5"),
        ({"min-scale": "-1"}, "min-scale", "-1"),
        ({"max-scale": "-1"}, "max-scale", "-1"),
        ({"max-scale-limit": "-1"}, "max-scale-limit", "-1"),
        ({"max-scale-limit": "5"}, "max-scale", "0"),
        ({"max-scale-limit": "5", "max-scale": "6"}, "max-scale", "6"),
        ({"min-scale": "3", "max-scale": "2"}, "min-scale", "3"),
        ({"stable-window": "5s"}, "stable-window", "5s"),
        ({"stable-window": "2h"}, "stable-window", "2h"),
        ({"stable-window": "6500ms"}, "stable-window", "6.5s"),
        ({"stable-window": "60"}, "stable-window", "60"),
        ({"scale-down-delay": "-1s"}, "scale-down-delay", "-1s"),
        ({"scale-down-delay": "1500ms"}, "scale-down-delay", "1.5s"),
        ({"scale-to-zero-grace-period": "0s"}, "scale-to-zero-grace-period", "0s"),
        (
            {"scale-to-zero-pod-retention-period": "-1s"},
            "scale-to-zero-pod-retention-period",
            "-1s",
        ),
    ],
)
def test_mistake_names_key_and_value(data: dict[str, str], key: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        AutoscalerConfig.parse(data)
    (cause,) = caught.value.causes
    assert cause.field == key
    assert key in cause.message
    assert value in cause.message
    assert cause.message in caught.value.message


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        AutoscalerConfig.parse({"stable-window": "1s", "min-scale": "x", "max-scale": "-3"})
    assert {cause.field for cause in caught.value.causes} == {
        "stable-window",
        "min-scale",
        "max-scale",
    }


@given(
    st.sampled_from(["stable-window", "min-scale", "max-scale-up-rate", "enable-scale-to-zero"]),
    st.text(max_size=6),
)
def test_any_text_is_read_or_refused(key: str, text: str) -> None:
    fields = [key]
    try:
        AutoscalerConfig.parse({key: text})
    except Invalid as error:
        fields = [cause.field for cause in error.causes]
    assert fields == [key]
