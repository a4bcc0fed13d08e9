"""What keeps a service from being ready is found where it is: container, Pod, revision, spec."""

import pytest

from kfsim.api.knative.serving import Revision
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.inferenceservice import explain
from kfsim.controllers.inferenceservice.causes import find_causes

V1 = "iris-predictor-00001"
LABELS = {"serving.kserve.io/inferenceservice": "iris"}
TRANSFORMER = {"containers": [{"image": "i"}]}


def causes(world):
    return find_causes(world.store, world.isvc)


def waiting(reason, message="", name="kserve-container", **more):
    return {"name": name, "state": {"waiting": {"reason": reason, "message": message}}, **more}


def coming_up(world, conditions, *, component="predictor", **more):
    return world.observe(
        conditions("Ready", "Unknown"),
        created=f"iris-{component}-00001",
        ready="",
        traffic=[],
        component=component,
        **more,
    )


@pytest.mark.parametrize(
    ("reason", "failed"),
    [
        ("NeedsDocker", True),
        ("PortNotConfigurable", True),
        ("PathNotMappable", True),
        ("Unsupported", True),
        ("InvalidImageName", True),
        ("ErrImageNeverPull", True),
        ("ErrImagePull", True),
        ("EngineUnavailable", False),
        ("CreateContainerConfigError", False),
    ],
)
def test_a_container_that_cannot_be_started(world, conditions, reason, failed):
    world.apply()
    coming_up(world, conditions)
    world.pod("iris-x", containerStatuses=[waiting(reason, "do this")])
    (cause,) = causes(world)

    assert (cause.component, cause.reason, cause.message) == ("predictor", reason, "do this")
    assert (cause.pod, cause.container) == ("iris-x", "kserve-container")
    assert cause.failed is failed


def test_a_container_that_is_being_made_is_no_cause(world, conditions):
    world.apply()
    coming_up(world, conditions)
    world.pod("iris-x", containerStatuses=[waiting("ContainerCreating")])

    assert causes(world) == []


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"exitCode": 1, "reason": "Error", "message": "no model"}, "no model"),
        ({"exitCode": 0, "reason": "Completed"}, "ended with exit code 0, and said nothing"),
        ({"exitCode": 3, "reason": "Error"}, "ended with exit code 3, and said nothing"),
    ],
)
def test_an_init_container_that_goes_on_failing_is_quoted(world, conditions, ended, said):
    world.apply()
    coming_up(world, conditions)
    first = waiting("CrashLoopBackOff", "back-off 10s", lastState={"terminated": ended}, name="one")
    world.pod(
        "iris-x",
        initContainerStatuses=[first],
        containerStatuses=[waiting("PodInitializing")],
    )
    (cause,) = causes(world)

    assert (cause.reason, cause.message, cause.container) == ("CrashLoopBackOff", said, "one")
    assert cause.failed


def test_a_pod_that_no_host_takes(world, conditions):
    world.apply()
    coming_up(world, conditions)
    unschedulable = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available",
    }
    world.pod("iris-x", conditions=[unschedulable])
    (cause,) = causes(world)

    assert (cause.reason, cause.message) == ("Unschedulable", "0/1 nodes are available")
    assert not cause.failed  # devices that others hold come free


def test_a_revision_that_failed_without_a_pod(world, conditions):
    world.apply()
    coming_up(world, conditions)
    revision = world.store.create(
        Revision(metadata=ObjectMeta(name=V1, namespace="default", labels=LABELS))
    )
    failed = conditions("Ready", "False", "FailedCreate", "quota exceeded")
    world.store.update_status(
        revision.replaced(status=revision.status.replaced(conditions=(failed,)))
    )
    (cause,) = causes(world)

    assert (cause.revision, cause.reason, cause.message) == (V1, "FailedCreate", "quota exceeded")


def test_a_spec_that_cannot_be_served(world):
    world.apply({"model": {"modelFormat": {"name": "magic"}}})
    (cause,) = causes(world)

    assert (cause.component, cause.reason) == ("predictor", "NoSupportingRuntime")
    assert "no runtime found" in cause.message
    assert cause.failed


def test_a_transformer_is_found_beside_a_predictor_that_is_ready(world, conditions):
    world.apply(transformer=TRANSFORMER)
    world.ready()
    coming_up(world, conditions, component="transformer")
    world.pod(
        "iris-t",
        revision="iris-transformer-00001",
        containerStatuses=[waiting("NeedsDocker", "no command")],
    )
    (cause,) = causes(world)

    assert (cause.component, cause.reason, cause.failed) == ("transformer", "NeedsDocker", True)
    answer = explain(world.store, "default", "iris")
    assert answer["reason"] == "transformer: NeedsDocker: no command"
    assert answer["causes"][0]["pod"] == "iris-t"


@pytest.mark.parametrize("lag", ["stale", "lagging_configuration"])
def test_a_revision_that_a_newer_spec_replaces_is_no_cause(world, conditions, lag):
    world.apply()
    coming_up(world, conditions, **{lag: True})
    world.pod("iris-x", containerStatuses=[waiting("NeedsDocker", "no command")])

    assert causes(world) == []


def test_what_is_ready_has_no_cause(world):
    world.apply()
    world.ready()
    world.pod("iris-x", containerStatuses=[waiting("ErrImagePull", "a second replica")])

    assert causes(world) == []
