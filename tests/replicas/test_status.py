from dataclasses import replace

import pytest

from kfsim.api.conditions import find_condition
from kfsim.api.core import Container, ContainerPort, Pod, PodSpec, PodStatus, ResourceRequirements
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.base.types import ReplicaKey
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind
from kfsim.replicas.status import (
    is_pod_ready,
    make_pod_status,
    resolve_phase,
    resolve_qos_class,
)

SERVING = "kserve-container"
CONTAINERS = (
    Container(name=SERVING, image="m", ports=(ContainerPort(container_port=8080),)),
    Container(name="queue-proxy"),
)
POD = Pod(
    metadata=ObjectMeta(name="iris", namespace="default"), spec=PodSpec(containers=CONTAINERS)
)
PLAIN = POD.replaced(spec=PodSpec(containers=CONTAINERS[:1]))


def observe(state, kind, container=SERVING, **fields):
    key = ReplicaKey("default", "iris")
    told = ReplicaEvent(key, "", kind, container, **fields)
    return lifecycle.observe(state, told, wall=10.0, now=10.0)


def running(pod=POD, *, ready=False):
    state = observe(lifecycle.begin_replica(pod, wall=0.0), ReplicaEventKind.STARTED)
    state = lifecycle.set_initialized(state, SERVING, passed=True)
    return lifecycle.set_probed(state, SERVING, ready=ready)


def shown(pod, state):
    """Phase, ready flags, and status and reason of Ready."""
    status = make_pod_status(pod, state, wall=20.0)
    ready = find_condition(status.conditions, "Ready")
    flags = [each.ready for each in status.container_statuses]
    return status.phase, flags, (ready.status, ready.reason)


@pytest.mark.parametrize(
    ("pod", "state", "expected"),
    [
        pytest.param(
            POD,
            lifecycle.begin_replica(POD, wall=0.0),
            ("Pending", [False, False], ("False", "ContainersNotReady")),
            id="nothing runs",
        ),
        pytest.param(
            POD, running(), ("Running", [True, False], ("False", "ContainersNotReady")), id="1/2"
        ),
        pytest.param(POD, running(ready=True), ("Running", [True, True], ("True", None)), id="2/2"),
        pytest.param(
            PLAIN,
            running(PLAIN),
            ("Running", [False], ("False", "ContainersNotReady")),
            id="a plain pod is ready by its probe",
        ),
        pytest.param(
            PLAIN, running(PLAIN, ready=True), ("Running", [True], ("True", None)), id="1/1"
        ),
        pytest.param(
            POD,
            observe(running(ready=True), ReplicaEventKind.EXITED, exit_code=3),
            ("Running", [False, False], ("False", "ContainersNotReady")),
            id="crashed",
        ),
        pytest.param(
            POD,
            lifecycle.fail_replica(running(ready=True), "ReplicaLost", "gone"),
            ("Failed", [False, False], ("False", "PodFailed")),
            id="lost",
        ),
    ],
)
def test_a_state_is_shown_as_kubernetes_shows_it(pod, state, expected):
    assert shown(pod, state) == expected


def test_unready_containers_are_named():
    status = make_pod_status(POD, running(), wall=20.0)
    message = find_condition(status.conditions, "Ready").message
    assert message == "containers with unready status: [queue-proxy]"


def test_unfinished_init_containers_are_named():
    pod = POD.replaced(spec=POD.spec.replaced(init_containers=(Container(name="fetch"),)))
    status = make_pod_status(pod, lifecycle.begin_replica(pod, wall=0.0), wall=1.0)
    initialized = find_condition(status.conditions, "Initialized")
    assert initialized.message == "containers with incomplete status: [fetch]"
    assert status.container_statuses[0].state.waiting.reason == "PodInitializing"


def test_conditions_that_stay_keep_their_time():
    first = make_pod_status(POD, running(), wall=20.0)
    second = make_pod_status(POD.replaced(status=first), running(), wall=90.0)
    assert second == first
    third = make_pod_status(POD.replaced(status=first), running(ready=True), wall=90.0)
    assert find_condition(third.conditions, "Ready").last_transition_time.endswith("00:01:30Z")
    assert find_condition(third.conditions, "PodScheduled").last_transition_time.endswith("20Z")


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [
        ("Always", 0, "Running"),
        ("Never", 0, "Succeeded"),
        ("Never", 1, "Failed"),
        ("OnFailure", 0, "Succeeded"),
        ("OnFailure", 1, "Running"),
    ],
)
def test_the_phase_after_an_exit_follows_the_restart_policy(policy, code, phase):
    state = observe(running(PLAIN), ReplicaEventKind.EXITED, exit_code=code)
    assert resolve_phase(state, restart_policy=policy) == phase


def test_a_container_that_was_never_created_keeps_the_pod_pending():
    state = observe(lifecycle.begin_replica(POD, wall=0.0), ReplicaEventKind.FAILED, reason="Bad")
    assert resolve_phase(state, restart_policy="Always") == "Pending"


@pytest.mark.parametrize(
    ("limits", "requests", "expected"),
    [
        ({}, {}, "BestEffort"),
        ({"cpu": "1"}, {}, "Burstable"),
        ({"cpu": "1", "memory": "1Gi"}, {}, "Guaranteed"),
        ({"cpu": "1", "memory": "1Gi"}, {"cpu": "1"}, "Guaranteed"),
        ({"cpu": "1", "memory": "1Gi"}, {"cpu": "500m"}, "Burstable"),
    ],
)
def test_qos_classes(limits, requests, expected):
    resources = ResourceRequirements(limits=limits, requests=requests)
    pod = Pod(spec=PodSpec(containers=(Container(name="c", resources=resources),)))
    assert resolve_qos_class(pod) == expected


def test_a_pod_on_its_way_out_is_not_ready():
    ready = PodStatus(conditions=(Condition(type="Ready", status="True"),))
    assert is_pod_ready(POD.replaced(status=ready))
    leaving = POD.metadata.replaced(deletion_timestamp="2000-01-01T00:00:00Z")
    assert not is_pod_ready(POD.replaced(status=ready, metadata=leaving))
    assert not is_pod_ready(POD)


def test_a_pod_without_a_host_shows_why_and_nothing_of_its_containers():
    state = replace(lifecycle.begin_replica(POD, wall=0.0), unschedulable="no GPU")
    first = make_pod_status(POD, state, wall=1.0)
    (scheduled,) = first.conditions
    assert (scheduled.type, scheduled.status) == ("PodScheduled", "False")
    assert (scheduled.reason, scheduled.message) == ("Unschedulable", "no GPU")
    assert (first.phase, first.container_statuses, first.start_time) == ("Pending", (), None)
    again = make_pod_status(POD.replaced(status=first), state, wall=9.0)
    assert again == first


def test_a_pod_whose_host_is_being_looked_for_is_just_pending():
    state = replace(lifecycle.begin_replica(POD, wall=0.0), unschedulable="")
    status = make_pod_status(POD, state, wall=1.0)
    assert (status.phase, status.conditions) == ("Pending", ())
