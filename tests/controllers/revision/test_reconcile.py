"""One Revision, its Deployment and its PodAutoscaler."""

import pytest

from kfsim.api.apps import Deployment, DeploymentStatus
from kfsim.api.conditions import find_condition
from kfsim.api.core import (
    ConfigMap,
    Container,
    ContainerPort,
    ContainerState,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodStatus,
)
from kfsim.api.knative import keys
from kfsim.api.knative.internal import PodAutoscaler, PodAutoscalerStatus
from kfsim.api.knative.serving import Image, Revision, RevisionSpec
from kfsim.api.meta import Condition, ObjectMeta, owner_reference
from kfsim.controllers.revision.reconcile import RevisionReconciler
from kfsim.controllers.runtime import ClusterConfig, Key
from kfsim.replicas.choice import BackendChoice
from kfsim.testing.reconciling import ReconcilerBench

NAME = "iris-00001"


def _reconciler(bench, chooser=None):
    return RevisionReconciler(
        store=bench.store,
        clock=bench.clock,
        recorder=bench.recorder,
        config=ClusterConfig(store=bench.store, recorder=bench.recorder),
        chooser=chooser,
    )


@pytest.fixture
def bench():
    bench = ReconcilerBench(_reconciler)
    bench.given(
        Revision(
            metadata=ObjectMeta(
                name=NAME,
                namespace="default",
                labels={
                    keys.CONFIGURATION: "iris",
                    keys.SERVICE: "iris",
                    keys.ROUTING_STATE: "active",
                },
                annotations={"autoscaling.knative.dev/min-scale": "2", keys.ROUTES: "iris"},
            ),
            spec=RevisionSpec(
                containers=(
                    Container(
                        name="user-container",
                        image="img",
                        ports=(ContainerPort(name="h2c", container_port=9000),),
                    ),
                ),
                timeout_seconds=60,
                container_concurrency=5,
            ),
        )
    )
    return bench


def get(bench, model, name=NAME):
    return bench.store.get(model, name, "default")


def deployment(bench):
    return get(bench, Deployment, f"{NAME}-deployment")


def read(bench, type_="Ready"):
    found = find_condition(get(bench, Revision).status.conditions, type_)
    return (found.status, found.reason)


def message(bench, type_):
    return find_condition(get(bench, Revision).status.conditions, type_).message


def report_deployment(bench, *conditions, ready=0):
    bench.put_status(
        deployment(bench).replaced(
            status=DeploymentStatus(
                conditions=conditions, ready_replicas=ready, available_replicas=ready
            )
        )
    )


def report_autoscaler(bench, status, reason=None, initialized="True", **fields):
    bench.put_status(
        get(bench, PodAutoscaler).replaced(
            status=PodAutoscalerStatus(
                service_name=NAME,
                conditions=(
                    Condition(type="Ready", status=status, reason=reason),
                    Condition(type="ScaleTargetInitialized", status=initialized),
                ),
                **fields,
            )
        )
    )


def report_pod(bench, state=None, last=None, conditions=()):
    status = ContainerStatus(name="user-container", image="img", state=state, last_state=last)
    bench.given(
        Pod(
            metadata=ObjectMeta(
                name=f"{NAME}-deployment-x",
                namespace="default",
                owner_references=(owner_reference(deployment(bench)),),
            ),
            status=PodStatus(conditions=conditions, container_statuses=(status,)),
        )
    )
    bench.reconcile(NAME)


PROGRESSING = Condition(type="Progressing", status="True")
TIMED_OUT = Condition(type="Progressing", status="False", reason="ProgressDeadlineExceeded")


def test_children_are_made(bench):
    bench.reconcile(NAME)
    made = deployment(bench)
    assert made.spec.replicas == 1
    assert made.spec.progress_deadline_seconds == 600
    assert made.spec.selector.match_labels == {keys.REVISION_UID: get(bench, Revision).metadata.uid}
    assert keys.ROUTES not in made.metadata.annotations
    assert made.spec.template.metadata.labels[keys.APP] == NAME
    user, queue = made.spec.template.spec.containers
    environment = {each.name: each.value for each in user.env}
    assert environment == {
        "PORT": "9000",
        "K_REVISION": NAME,
        "K_CONFIGURATION": "iris",
        "K_SERVICE": "iris",
    }
    assert queue.name == "queue-proxy"
    assert made.spec.template.spec.termination_grace_period_seconds == 60
    scaler = get(bench, PodAutoscaler)
    assert scaler.spec.reachability == "Reachable"
    assert (scaler.spec.container_concurrency, scaler.spec.protocol_type) == (5, "h2c")
    assert scaler.metadata.annotations["autoscaling.knative.dev/min-scale"] == "2"
    assert scaler.metadata.annotations["autoscaling.knative.dev/class"] == keys.KPA_CLASS
    assert get(bench, Image, f"{NAME}-cache-user-container").spec["image"] == "img"
    for type_ in ("ResourcesAvailable", "ContainerHealthy", "Active", "Ready"):
        assert read(bench, type_) == ("Unknown", "Deploying")


def test_an_initialized_scale_target_makes_it_ready(bench):
    bench.reconcile(NAME)
    report_deployment(bench, PROGRESSING, ready=1)
    report_autoscaler(bench, "True", actual_scale=1, desired_scale=2)
    bench.reconcile(NAME)
    assert read(bench) == ("True", None)
    assert read(bench, "Active") == ("True", None)
    status = get(bench, Revision).status
    assert (status.actual_replicas, status.desired_replicas) == (1, 2)
    assert bench.events() == [
        "RevisionReady: Revision becomes ready upon all resources being ready"
    ]


def test_at_zero_it_stays_ready(bench):
    bench.reconcile(NAME)
    report_deployment(bench, PROGRESSING, ready=1)
    report_autoscaler(bench, "True")
    bench.reconcile(NAME)
    report_deployment(bench, PROGRESSING)
    report_autoscaler(bench, "False", "NoTraffic", actual_scale=0, desired_scale=0)
    bench.reconcile(NAME)
    assert read(bench) == ("True", None)
    assert read(bench, "Active") == ("False", "NoTraffic")


def test_a_scale_that_was_never_reached_is_a_failure(bench):
    bench.reconcile(NAME)
    report_deployment(bench, PROGRESSING)
    report_autoscaler(bench, "False", "TimedOut", initialized="Unknown")
    bench.reconcile(NAME)
    assert read(bench, "ResourcesAvailable") == ("False", "ProgressDeadlineExceeded")
    assert message(bench, "ResourcesAvailable") == "Initial scale was never achieved"


def test_the_progress_deadline_is_a_failure(bench):
    bench.reconcile(NAME)
    report_deployment(bench, TIMED_OUT)
    bench.reconcile(NAME)
    assert read(bench) == ("False", "ProgressDeadlineExceeded")
    assert get(bench, PodAutoscaler).spec.reachability == "Unreachable"


def test_a_replica_that_cannot_be_made_is_a_failure(bench):
    bench.reconcile(NAME)
    report_deployment(
        bench, PROGRESSING, Condition(type="ReplicaFailure", status="True", reason="Quota")
    )
    bench.reconcile(NAME)
    assert read(bench, "ResourcesAvailable") == ("False", "Quota")


def test_a_crash_is_told_with_its_exit_code(bench):
    bench.reconcile(NAME)
    ended = ContainerStateTerminated(exit_code=137, message="killed")
    report_pod(bench, last=ContainerState(terminated=ended))
    assert read(bench, "ContainerHealthy") == ("False", "ExitCode137")
    assert message(bench, "ContainerHealthy") == "Container failed with: killed"


def test_a_silent_exit_is_told_in_words(bench):
    bench.reconcile(NAME)
    report_pod(bench, last=ContainerState(terminated=ContainerStateTerminated(exit_code=0)))
    assert message(bench, "ContainerHealthy").endswith("container exited with no error")


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        pytest.param("ErrImagePull", ("False", "ContainerMissing"), id="image"),
        pytest.param("NeedsDocker", ("False", "NeedsDocker"), id="set-up"),
        pytest.param("Unsupported", ("False", "Unsupported"), id="not-supported"),
        pytest.param("CrashLoopBackOff", ("Unknown", "Deploying"), id="may-yet-come-up"),
    ],
)
def test_a_waiting_container_is_told_when_waiting_is_in_vain(bench, reason, expected):
    bench.reconcile(NAME)
    waiting = ContainerStateWaiting(reason=reason, message="why")
    report_pod(bench, state=ContainerState(waiting=waiting))
    assert read(bench, "ContainerHealthy") == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [(None, "OOMKilled"), ("loading shard 3", "OOMKilled: loading shard 3")],
)
def test_a_kill_for_memory_is_named(bench, said, expected):
    bench.reconcile(NAME)
    ended = ContainerStateTerminated(exit_code=137, reason="OOMKilled", message=said)
    report_pod(bench, last=ContainerState(terminated=ended))
    assert read(bench, "ContainerHealthy") == ("False", "ExitCode137")
    assert message(bench, "ContainerHealthy") == f"Container failed with: {expected}"


def test_an_image_is_told_with_the_registrys_words(bench):
    bench.reconcile(NAME)
    text = 'Back-off pulling image "img": ErrImagePull: unauthorized'
    waiting = ContainerStateWaiting(reason="ImagePullBackOff", message=text)
    report_pod(bench, state=ContainerState(waiting=waiting))
    assert message(bench, "ContainerHealthy").endswith(text)


@pytest.mark.parametrize("crashed", [False, True])
def test_an_engine_that_is_away_fails_nothing(bench, crashed):
    bench.reconcile(NAME)
    ended = ContainerStateTerminated(exit_code=137) if crashed else None
    waiting = ContainerStateWaiting(reason="EngineUnavailable", message="start it")
    report_pod(
        bench,
        state=ContainerState(waiting=waiting),
        last=None if ended is None else ContainerState(terminated=ended),
    )
    assert read(bench, "ResourcesAvailable") == ("Unknown", "EngineUnavailable")
    assert read(bench) == ("Unknown", "EngineUnavailable")
    assert message(bench, "Ready") == "start it"
    pod = get(bench, Pod, f"{NAME}-deployment-x")
    bench.put_status(pod.replaced(status=PodStatus()))
    bench.reconcile(NAME)
    assert read(bench, "ResourcesAvailable") == ("Unknown", "Deploying")


def test_after_the_deadline_any_waiting_reason_is_told(bench):
    bench.reconcile(NAME)
    report_deployment(bench, TIMED_OUT)
    waiting = ContainerStateWaiting(reason="CrashLoopBackOff", message="back-off")
    report_pod(bench, state=ContainerState(waiting=waiting))
    assert read(bench, "ResourcesAvailable") == ("False", "CrashLoopBackOff")


def test_a_pod_without_a_place_is_told(bench):
    bench.reconcile(NAME)
    placed = Condition(type="PodScheduled", status="False", reason="Unschedulable", message="gpu")
    report_pod(bench, conditions=(placed,))
    assert read(bench, "ResourcesAvailable") == ("False", "Unschedulable")


def test_a_ready_replica_heals(bench):
    bench.reconcile(NAME)
    report_pod(
        bench, last=ContainerState(terminated=ContainerStateTerminated(exit_code=1, message="x"))
    )
    report_deployment(bench, PROGRESSING, ready=1)
    bench.reconcile(NAME)
    assert read(bench, "ContainerHealthy") == ("True", None)


def test_in_reserve_it_is_unreachable(bench):
    bench.reconcile(NAME)
    found = get(bench, Revision)
    labels = {**found.metadata.labels, keys.ROUTING_STATE: "reserve"}
    before = deployment(bench).metadata.resource_version
    bench.store.update(found.replaced(metadata=found.metadata.replaced(labels=labels)))
    bench.reconcile(NAME)
    assert get(bench, PodAutoscaler).spec.reachability == "Unreachable"
    assert deployment(bench).metadata.resource_version == before


def test_a_changed_configuration_updates_the_deployment_but_not_its_scale(bench):
    bench.reconcile(NAME)
    found = deployment(bench)
    template = found.spec.template
    restarted = template.replaced(
        metadata=template.metadata.replaced(
            annotations={**template.metadata.annotations, "restartedAt": "now"}
        )
    )
    bench.store.update(found.replaced(spec=found.spec.replaced(replicas=7, template=restarted)))
    bench.given(
        ConfigMap(
            metadata=ObjectMeta(name="config-deployment", namespace="knative-serving"),
            data={"queue-sidecar-image": "other", "progress-deadline": "60s"},
        )
    )
    bench.reconcile(NAME)
    updated = deployment(bench)
    assert updated.spec.replicas == 7
    assert updated.spec.progress_deadline_seconds == 60
    assert updated.spec.template.spec.containers[1].image == "other"
    assert updated.spec.template.metadata.annotations["restartedAt"] == "now"


@pytest.mark.parametrize("model", [Deployment, PodAutoscaler])
def test_a_name_taken_by_anothers_child_is_told(bench, model):
    name = f"{NAME}-deployment" if model is Deployment else NAME
    bench.given(model(metadata=ObjectMeta(name=name, namespace="default")))
    bench.reconcile(NAME)
    assert read(bench, "ResourcesAvailable") == ("False", "NotOwned")


class _Chooser:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.wish = None

    def asked(self, annotations):
        return self.wish

    def choose(self, spec, annotations):
        assert [each.name for each in spec.containers] == ["user-container"]
        return self.answers.pop(0)


def test_the_backend_is_chosen_once_and_recorded(bench):
    chooser = _Chooser(None, BackendChoice("docker", "img is present"))
    bench.reconciler = _reconciler(bench, chooser)
    waiting = bench.reconciler.reconcile(Key("default", NAME))
    assert waiting.requeue_after is not None
    assert bench.store.find(Deployment, f"{NAME}-deployment", "default") is None
    for _ in range(3):  # asked once more, and never again
        assert bench.reconciler.reconcile(Key("default", NAME)).requeue_after is None
    revision = bench.store.get(Revision, NAME, "default")
    changed = revision.metadata.replaced(labels={**revision.metadata.labels, "team": "a"})
    bench.store.update(revision.replaced(metadata=changed))
    bench.reconciler.reconcile(Key("default", NAME))
    deployment = bench.store.get(Deployment, f"{NAME}-deployment", "default")
    assert deployment.metadata.labels["team"] == "a"
    assert deployment.metadata.annotations["kfsim.dev/backend"] == "docker"
    assert deployment.metadata.annotations["kfsim.dev/backend-reason"] == "img is present"
    assert deployment.spec.template.metadata.annotations["kfsim.dev/backend"] == "docker"

    for wish in ("docker", "process"):  # what is asked for later replaces it, and is written once
        chooser.wish = BackendChoice(wish, "it is asked for")
        before = bench.store.get(Deployment, f"{NAME}-deployment", "default")
        for _ in range(2):
            _reconciler(bench, chooser).reconcile(Key("default", NAME))
        after = bench.store.get(Deployment, f"{NAME}-deployment", "default")
        assert after.spec.template.metadata.annotations["kfsim.dev/backend"] == wish
        assert (after == before) is (wish == "docker")
    assert after.metadata.annotations["kfsim.dev/backend-reason"] == "it is asked for"
    assert after.metadata.generation == before.metadata.generation + 1
