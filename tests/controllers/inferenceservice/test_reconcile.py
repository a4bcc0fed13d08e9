"""Rows: an InferenceService, what its children report, what its status becomes.

`world.reconcile` runs everything twice and fails if the second run writes.
"""

import pytest

from kfsim.api import core
from kfsim.api.istio import VirtualService
from kfsim.api.knative.serving import Service
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceService
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.controllers.runtime import Key

V1, V2, V3 = "iris-predictor-00001", "iris-predictor-00002", "iris-predictor-00003"
STOP = "serving.kserve.io/stop"


def cond(type_: str, status: str, reason: str | None = None, message: str | None = None):
    return Condition(type=type_, status=status, reason=reason, message=message)


def model(**fields):
    return {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://m/iris", **fields}}


def targets(ksvc):
    return [(t.revision_name, t.latest_revision, t.percent, t.tag) for t in ksvc.spec.traffic]


# First deploy


def test_a_new_service_gets_a_knative_service_and_waits(world):
    isvc = world.apply()

    container = world.ksvc.spec.template.spec.containers[0]
    assert container.name == "kserve-container"
    assert container.args == (
        "--model_name=iris",
        "--model_dir=/mnt/models",
        "--http_port=8080",
    )
    assert targets(world.ksvc) == [(None, True, 100, None)]
    assert world.condition("PredictorReady").status == "Unknown"
    assert world.condition("IngressReady").reason == "Predictor ingress not created"
    assert world.condition("Ready").status == "Unknown"
    assert world.condition("Stopped").status == "False"
    assert isvc.status.url is None
    assert isvc.status.deployment_mode == "Knative"
    assert isvc.status.cluster_serving_runtime_name == "kserve-sklearnserver"
    assert isvc.status.observed_generation == isvc.metadata.generation
    assert isvc.status.model_status.transition_status == "InProgress"
    assert world.store.find(VirtualService, "iris", "default") is None
    assert world.store.get(core.Service, "iris", "default").spec.type == "ExternalName"


def test_a_ready_predictor_makes_the_service_ready(world):
    world.apply()
    isvc = world.ready()

    assert world.condition("Ready").status == "True"
    assert isvc.status.url == "http://iris.default.localhost:8080"
    assert isvc.status.address.url == "http://iris.default.svc.cluster.local"
    predictor = isvc.status.components["predictor"]
    assert predictor.latest_ready_revision == V1
    assert predictor.latest_rolledout_revision == V1
    assert predictor.url == "http://iris-predictor.default.localhost:8080"
    assert predictor.traffic[0].percent == 100
    assert isvc.status.model_status.transition_status == "UpToDate"
    assert isvc.status.model_status.states.active_model_state == "Loaded"
    virtual_service = world.store.get(VirtualService, "iris", "default")
    assert virtual_service.spec.hosts == (
        "iris.default.svc.cluster.local",
        "iris.default.localhost",
    )
    assert ("InferenceServiceReady", "InferenceService [iris] is Ready") in world.events()


def test_informative_conditions_carry_severity_info(world):
    world.apply()
    isvc = world.ready()

    severities = {c.type: c.severity for c in isvc.status.conditions}
    assert {t for t, severity in severities.items() if severity is None} == {
        "Ready",
        "PredictorReady",
        "IngressReady",
    }
    assert severities["PredictorRouteReady"] == "Info"


@pytest.mark.parametrize(
    ("port", "url"),
    [(80, "http://iris.default.localhost"), (9000, "http://iris.default.localhost:9000")],
)
def test_the_url_follows_the_gateways_port(world, port, url):
    world.apply()
    world.ready()
    world.port = port

    assert world.reconcile().status.url == url


def test_a_predictor_that_fails_says_so(world):
    world.apply()
    world.observe(
        cond("ConfigurationsReady", "False", "RevisionFailed", "exit code 1"),
        cond("Ready", "False", "RevisionFailed", "exit code 1"),
        cond("RoutesReady", "Unknown"),
        created=V1,
        ready="",
        traffic=[],
    )

    assert world.condition("PredictorReady").reason == "RevisionFailed"
    assert world.condition("PredictorReady").message == "exit code 1"
    assert world.condition("IngressReady").status == "False"
    assert world.condition("Ready").status == "False"
    assert world.condition("LatestDeploymentReady").reason == (
        "PredictorConfigurationReady not ready"
    )
    assert world.isvc.status.model_status.transition_status == "BlockedByFailedLoad"


def test_a_stale_knative_service_is_unknown(world):
    world.apply()
    world.ready()
    world.ready(stale=True)

    assert world.condition("PredictorReady").status == "Unknown"
    assert world.condition("PredictorReady").reason == "OutOfDate"


# Updates and canary


def test_an_edit_keeps_the_url_while_the_new_revision_starts(world):
    world.apply()
    world.ready()
    world.apply(model(storageUri="gs://m/two"))
    isvc = world.observe(
        cond("ConfigurationsReady", "Unknown"),
        cond("Ready", "Unknown"),
        cond("RoutesReady", "True"),
        created=V2,
        ready=V1,
        traffic=[(V1, 100, True)],
    )

    assert world.condition("Ready").status == "Unknown"
    assert world.condition("IngressReady").status == "True"
    assert isvc.status.url == "http://iris.default.localhost:8080"
    assert isvc.status.components["predictor"].latest_rolledout_revision == V1


def test_a_canary_is_split_promoted_and_rolled_back(world):
    world.apply()
    world.ready(V1)
    world.apply({**model(storageUri="gs://m/two"), "canaryTrafficPercent": 10})
    assert targets(world.ksvc) == [(None, True, 10, None), (V1, False, 90, "prev")]
    generation = world.ksvc.metadata.generation

    ok = [cond(t, "True") for t in ("ConfigurationsReady", "Ready", "RoutesReady")]
    world.observe(*ok, created=V2, ready=V2, traffic=[(V2, 10, True), (V1, 90, False)])
    assert world.isvc.status.components["predictor"].latest_rolledout_revision == V1
    assert world.ksvc.metadata.generation == generation

    world.apply(model(storageUri="gs://m/two"))
    assert targets(world.ksvc) == [(None, True, 100, None)]
    world.ready(V2)
    predictor = world.isvc.status.components["predictor"]
    assert predictor.latest_rolledout_revision == V2
    assert predictor.previous_rolledout_revision == V1

    world.apply({**model(storageUri="gs://m/two"), "canaryTrafficPercent": 10})
    world.observe(*ok, created=V2, ready=V2, traffic=[(V2, 10, True), (V2, 90, False)])
    assert targets(world.ksvc) == [(None, True, 10, None), (V1, False, 90, "prev")]


def test_an_edit_with_a_percent_is_no_rollback_while_the_revision_is_not_created(world):
    """The Route may answer before the Configuration: a split of R with itself, for a moment."""
    world.apply()
    world.ready(V1)
    world.apply(model(storageUri="gs://m/two"))
    world.ready(V2)
    world.apply({**model(storageUri="gs://m/three"), "canaryTrafficPercent": 10})
    ok = [cond(t, "True") for t in ("ConfigurationsReady", "Ready", "RoutesReady")]
    world.observe(
        *ok,
        created=V2,
        ready=V2,
        traffic=[(V2, 10, True), (V2, 90, False)],
        lagging_configuration=True,
    )

    assert world.isvc.status.components["predictor"].latest_rolledout_revision == V2
    assert targets(world.ksvc) == [(None, True, 10, None), (V2, False, 90, "prev")]


def test_moving_the_file_or_applying_again_changes_no_template(world):
    world.apply(annotations={"kfsim.dev/source": "/a/iris.yaml"})
    before = world.ksvc.spec.template

    world.apply(
        annotations={
            "kfsim.dev/source": "/b/iris.yaml",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "kfsim.dev/example": "x.json",
        }
    )
    assert world.ksvc.spec.template == before


def test_a_relative_path_starts_at_the_source_file(world):
    world.apply(model(storageUri="../models/iris"), annotations={"kfsim.dev/source": "/a/b/i.yaml"})

    init = world.ksvc.spec.template.spec.init_containers[0]
    assert init.args == ("/a/models/iris", "/mnt/models")


# What cannot be served


def test_an_unsupported_uri_fails_with_an_event_and_keeps_what_runs(world):
    world.apply()
    world.ready()
    before = world.ksvc.spec
    world.apply(model(storageUri="ftp://x/y"))

    condition = world.condition("PredictorReady")
    assert (condition.status, condition.reason) == ("False", "ReconcileFailed")
    assert "StorageURI not supported" in condition.message
    assert world.ksvc.spec == before
    assert world.isvc.status.url is not None
    assert [r for r, _ in world.events()].count("InternalError") == 1


@pytest.mark.parametrize(
    ("fields", "reason", "text"),
    [
        (
            {"modelFormat": {"name": "magic"}},
            "NoSupportingRuntime",
            "no runtime knows the format; known are autogluon",
        ),
        (
            {"modelFormat": {"name": "sklearn", "version": "7"}},
            "NoSupportingRuntime",
            "kserve-sklearnserver: supports sklearn 1",
        ),
        ({"runtime": "nope"}, "RuntimeNotRecognized", "known: kserve-"),
        ({"storage": {"key": "k"}}, "InvalidPredictorSpec", "storageUri"),
    ],
)
def test_a_model_without_a_runtime_is_an_invalid_spec(world, fields, reason, text):
    isvc = world.apply(model(**fields))

    assert isvc.status.model_status.transition_status == "InvalidSpec"
    assert isvc.status.model_status.states.target_model_state == "FailedToLoad"
    assert isvc.status.model_status.last_failure_info.reason == reason
    assert world.condition("PredictorReady").reason == reason
    assert text in world.condition("PredictorReady").message
    assert world.store.find(Service, "iris-predictor", "default") is None


def test_a_runtime_that_appears_is_used(world):
    world.apply(model(modelFormat={"name": "magic"}))
    runtime = world.store.create(
        ClusterServingRuntime.model_validate(
            {
                "metadata": {"name": "magic"},
                "spec": {
                    "supportedModelFormats": [{"name": "magic", "autoSelect": True}],
                    "containers": [{"name": "kserve-container", "image": "m"}],
                },
            }
        )
    )
    entry = world.store.entry(ClusterServingRuntime, runtime.metadata.name)
    assert list(world.reconciler.users.keys_of(entry)) == [Key("default", "iris")]

    isvc = world.reconcile()
    assert isvc.status.cluster_serving_runtime_name == "magic"
    assert isvc.status.model_status.transition_status == "InProgress"


def test_a_foreign_knative_service_is_left_alone(world):
    world.store.create(Service(metadata=ObjectMeta(name="iris-predictor", namespace="default")))
    world.apply()

    assert world.condition("PredictorReady").reason == "NotOwned"
    assert world.ksvc.spec.template.spec.containers == ()


# Other components


def test_requests_enter_at_the_transformer(world):
    world.apply(transformer={"containers": [{"image": "t", "args": ["--http_port=9"]}]})
    world.ready()
    assert world.condition("IngressReady").reason == "Transformer ingress not created"

    world.ready("iris-transformer-00001", component="transformer")
    ksvc = world.store.get(Service, "iris-transformer", "default")
    assert ksvc.spec.template.spec.containers[0].args == (
        "--http_port=9",
        "--model_name",
        "iris",
        "--predictor_host",
        "iris-predictor.default",
    )
    route = world.store.get(VirtualService, "iris", "default").spec.http[0]
    assert route.rewrite.authority == "iris-transformer.default.svc.cluster.local"
    assert world.condition("Ready").status == "True"


def test_a_removed_transformer_goes_with_its_conditions(world):
    world.apply(transformer={"containers": [{"image": "t"}]})
    world.ready()
    world.ready("iris-transformer-00001", component="transformer")
    isvc = world.apply()

    assert world.store.find(Service, "iris-transformer", "default") is None
    assert "transformer" not in isvc.status.components
    assert not any(c.type.startswith("Transformer") for c in isvc.status.conditions)


def test_a_built_in_explainer_is_refused_clearly(world):
    world.apply(explainer={"art": {"type": "SquareAttack"}})
    world.ready()

    assert world.condition("ExplainerReady").reason == "ExplainerNotSupported"
    assert world.condition("IngressReady").reason == "Explainer ingress not created"


# Stop, deployment modes, deletion


def test_stop_removes_the_children_and_resume_brings_them_back(world):
    world.apply()
    world.ready()
    isvc = world.apply(annotations={STOP: "true"})

    assert world.store.find(Service, "iris-predictor", "default") is None
    assert world.store.find(VirtualService, "iris", "default") is None
    assert world.condition("Stopped").status == "True"
    assert world.condition("PredictorReady").reason == "Stopped"
    assert world.condition("Ready").status == "False"
    assert isvc.status.components == {}
    assert isvc.status.url is None

    world.apply(annotations={STOP: "false"})
    assert world.condition("Stopped").status == "False"
    assert world.condition("PredictorReady").status == "Unknown"
    world.ready()
    assert world.condition("Ready").status == "True"


def test_standard_mode_is_served_as_knative_and_says_so(world):
    mode = {"serving.kserve.io/deploymentMode": "RawDeployment"}
    isvc = world.apply({**model(), "minReplicas": 0, "scaleMetric": "cpu"}, annotations=mode)

    annotations = world.ksvc.spec.template.metadata.annotations
    assert annotations["autoscaling.knative.dev/min-scale"] == "1"
    assert "autoscaling.knative.dev/metric" not in annotations
    assert isvc.status.deployment_mode == "Standard"
    assert [r for r, _ in world.events()] == ["DeploymentModeSubstituted"]


def test_model_mesh_is_refused(world):
    world.apply(annotations={"serving.kserve.io/deploymentMode": "ModelMesh"})

    assert world.condition("PredictorReady").reason == "DeploymentModeNotSupported"


def test_deleting_the_service_takes_its_children(world):
    world.apply()
    world.ready()
    world.store.delete(InferenceService, "iris", "default")
    world.reconciler.reconcile(Key("default", "iris"))

    assert world.store.find(Service, "iris-predictor", "default") is None
    assert world.store.find(VirtualService, "iris", "default") is None
    assert world.store.find(core.Service, "iris", "default") is None


def test_losing_readiness_is_an_event(world):
    world.apply()
    world.ready()
    world.observe(
        cond("ConfigurationsReady", "True"),
        cond("Ready", "False", "IngressFailed", "x"),
        cond("RoutesReady", "False", "IngressFailed", "x"),
        created=V1,
        ready=V1,
        traffic=[(V1, 100, True)],
    )

    assert (
        "InferenceServiceNotReady",
        "InferenceService [iris] is no longer Ready because of: PredictorReady, Ready",
    ) in world.events()
