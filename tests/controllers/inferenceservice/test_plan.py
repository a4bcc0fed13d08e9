"""Labels, annotations and arguments of the components' templates."""

from typing import Any

from kfsim.api.kserve.builtin_runtimes import builtin_runtimes
from kfsim.api.kserve.runtime_selection import collect_runtimes
from kfsim.api.kserve.types import InferenceService
from kfsim.controllers.inferenceservice.plan import ComponentPlan, Plan, make_plan

RUNTIMES = collect_runtimes((), builtin_runtimes())
MODEL = {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://m"}


def plan(spec: dict[str, Any], **metadata: Any) -> Plan:
    isvc = InferenceService.model_validate(
        {"metadata": {"name": "iris", "namespace": "ns", **metadata}, "spec": spec}
    )
    return make_plan(isvc, RUNTIMES)


def predictor(spec: dict[str, Any], **metadata: Any) -> ComponentPlan:
    (only,) = plan({"predictor": spec}, **metadata).components
    return only


def test_labels_and_annotations_component_over_service_over_runtime() -> None:
    planned = predictor(
        {"model": MODEL, "labels": {"l": "c"}, "annotations": {"a": "c"}},
        labels={"l": "s", "k": "s", "networking.kserve.io/visibility": "cluster-local"},
        annotations={"a": "s", "b": "s", "prometheus.kserve.io/port": "1"},
    )

    assert planned.labels == {
        "l": "c",
        "k": "s",
        "serving.kserve.io/inferenceservice": "iris",
        "component": "predictor",
    }
    assert planned.annotations == {
        "a": "c",
        "b": "s",
        "prometheus.kserve.io/port": "1",
        "prometheus.kserve.io/path": "/metrics",
    }


def test_what_must_not_reach_the_template() -> None:
    planned = predictor(
        {"model": MODEL},
        annotations={
            "autoscaling.knative.dev/min-scale": "3",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "kfsim.dev/source": "/f",
            "modelFormat": "sklearn",
            "kfsim.dev/runtime": "process",
            "autoscaling.knative.dev/window": "10s",
        },
    )

    assert {k for k in planned.annotations if not k.startswith("prometheus")} == {
        "kfsim.dev/runtime",
        "autoscaling.knative.dev/window",
    }


def test_a_custom_container_names_its_model_by_environment() -> None:
    container = {
        "name": "kserve-container",
        "image": "i",
        "env": [{"name": "STORAGE_URI", "value": "gs://m"}],
    }
    planned = predictor({"containers": [container, {"name": "side", "image": "s"}]})
    serving, side = planned.pod_spec.containers

    assert {v.name: v.value for v in serving.env} == {
        "STORAGE_URI": "/mnt/models",
        "INFERENCE_SERVICE_NAME": "iris",
    }
    assert serving.volume_mounts[0].mount_path == "/mnt/models"
    assert side.volume_mounts == ()
    assert planned.pod_spec.init_containers[0].args == ("gs://m", "/mnt/models")


def test_the_storage_is_writable_when_asked() -> None:
    planned = predictor({"model": MODEL}, annotations={"storage.kserve.io/readonly": "false"})

    assert planned.pod_spec.containers[0].volume_mounts[0].read_only is False


def test_transformer_arguments_are_added_unless_given() -> None:
    container = {"name": "kserve-container", "args": ["--http_port=9000"]}
    transformer = {"containers": [container], "containerConcurrency": 2}
    planned = plan({"predictor": {"model": MODEL}, "transformer": transformer}).components[1]

    assert planned.pod_spec.containers[0].args == (
        "--http_port=9000",
        "--model_name",
        "iris",
        "--predictor_host",
        "iris-predictor.ns",
        "--workers",
        "2",
    )


def test_one_failed_component_leaves_the_others() -> None:
    result = plan({"predictor": {"model": MODEL}, "explainer": {"art": {}}})

    assert [c.component for c in result.components] == ["predictor"]
    assert [(f.component, f.reason) for f in result.failures] == [
        ("explainer", "ExplainerNotSupported")
    ]


def test_multi_node_is_refused() -> None:
    result = plan({"predictor": {"model": MODEL, "workerSpec": {"tensorParallelSize": 2}}})

    assert result.failures[0].reason == "MultiNodeNotSupported"
