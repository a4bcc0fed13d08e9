"""Settings and annotations to specs, checked against what Knative resolved in the traces."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from kfsim.autoscaler.annotations import GROUP
from kfsim.autoscaler.config import AutoscalerConfig
from kfsim.autoscaler.resolution import (
    compute_panic_window,
    resolve_class,
    resolve_decider_spec,
    resolve_metric,
    resolve_scale_target_spec,
    resolve_target,
)

CONFIG = AutoscalerConfig()
TRACES = sorted((Path(__file__).parents[1] / "conformance" / "kpa").glob("kpa_*.json"))


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_resolves_as_knative_did(path: Path) -> None:
    trace = json.loads(path.read_text())
    recorded = trace["config"]
    # The cluster's rates are not annotations; the traces set them in the ConfigMap.
    config = AutoscalerConfig(
        max_scale_up_rate=recorded["max_scale_up_rate"],
        max_scale_down_rate=recorded["max_scale_down_rate"],
        activator_capacity=recorded["activator_capacity"],
    )
    spec = resolve_decider_spec(
        config,
        {GROUP + key: value for key, value in (trace["annotations"] or {}).items()},
        container_concurrency=trace["container_concurrency"],
        reachable=recorded["reachable"],
    )
    resolved = asdict(spec)
    for key, value in recorded.items():
        assert resolved[key.removesuffix("_seconds")] == pytest.approx(value), key


@pytest.mark.parametrize(
    ("annotations", "container_concurrency", "expected"),
    [
        pytest.param({}, 10, (7.0, 10.0), id="containerConcurrency"),
        pytest.param({}, 0, (70.0, 100.0), id="soft default"),
        pytest.param({"target": "50"}, 20, (14.0, 20.0), id="target capped"),
        pytest.param({"target": "50"}, 0, (35.0, 50.0), id="target"),
        pytest.param({"target": "50", "metric": "rps"}, 20, (35.0, 50.0), id="rps not capped"),
        pytest.param({"metric": "rps"}, 20, (140.0, 200.0), id="rps"),
        pytest.param({"target-utilization-percentage": "100"}, 5, (5.0, 5.0), id="utilization"),
        pytest.param(
            {"target": "0.01", "target-utilization-percentage": "50"}, 0, (0.01, 0.01), id="least"
        ),
    ],
)
def test_target(
    annotations: dict[str, str], container_concurrency: int, expected: tuple[float, float]
) -> None:
    target = resolve_target(
        CONFIG,
        {GROUP + key: value for key, value in annotations.items()},
        container_concurrency=container_concurrency,
    )
    assert target == pytest.approx(expected)


@pytest.mark.parametrize(
    ("window", "percentage", "expected"), [(60, 10, 6), (25, 10, 3), (6, 1, 1), (15, 25, 4)]
)
def test_panic_window_in_whole_seconds(window: float, percentage: float, expected: float) -> None:
    assert compute_panic_window(window, percentage) == expected


def test_class_and_metric() -> None:
    hpa = {GROUP + "class": "hpa.autoscaling.knative.dev"}
    assert resolve_class(CONFIG, {}) == "kpa.autoscaling.knative.dev"
    assert resolve_class(CONFIG, hpa) == "hpa.autoscaling.knative.dev"
    assert resolve_metric(CONFIG, {}) == "concurrency"
    assert resolve_metric(CONFIG, hpa) == "cpu"
    assert resolve_metric(CONFIG, {GROUP + "metric": "rps"}) == "rps"


@pytest.mark.parametrize(("allowed", "expected"), [(True, 0), (False, 2)])
def test_initial_scale_of_zero_needs_the_cluster(allowed: bool, expected: int) -> None:
    config = AutoscalerConfig(allow_zero_initial_scale=allowed, initial_scale=2)
    spec = resolve_decider_spec(config, {GROUP + "initial-scale": "0"}, container_concurrency=1)
    assert spec.initial_scale == expected


def test_scale_target_spec() -> None:
    annotations = {
        GROUP + "window": "20s",
        GROUP + "scaleToZeroPodRetentionPeriod": "10m",
        GROUP + "targetBurstCapacity": "-1",
        GROUP + "minScale": "2",
        GROUP + "maxScale": "4",
        GROUP + "initialScale": "3",
        "serving.knative.dev/progress-deadline": "5s",
    }
    spec = resolve_scale_target_spec(CONFIG, annotations, reachable=False)
    assert (spec.stable_window, spec.pod_retention, spec.progress_deadline) == (20, 600, 5)
    # An unreachable revision has no minimum.
    assert (spec.min_scale, spec.max_scale, spec.initial_scale) == (0, 4, 3)
    assert (spec.target_burst_capacity, spec.grace_period) == (-1, 30)
    assert not spec.reachable
    assert resolve_scale_target_spec(CONFIG, {}, progress_deadline=90).progress_deadline == 90
