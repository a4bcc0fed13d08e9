from kfsim.api.apps import Deployment, DeploymentSpec
from kfsim.api.conditions import find_condition
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.deployment.rollout import Counts
from kfsim.controllers.deployment.status import Observed, make_status, seconds_to_deadline

NONE = Counts(0, 0, 0, 0)


def make_deployment(replicas=2, **spec):
    return Deployment(
        metadata=ObjectMeta(name="d", generation=3), spec=DeploymentSpec(replicas=replicas, **spec)
    )


def observed(counts, *, ready=0, failure="", terminating=0):
    return Observed(counts, ready, terminating, "hash", failure)


def settle(deployment, seen, wall):
    return deployment.replaced(status=make_status(deployment, seen, wall=wall))


def condition(deployment, type_):
    found = find_condition(deployment.status.conditions, type_)
    return (found.status, found.reason)


def test_counts_leave_zeros_out_as_the_api_does():
    status = make_status(make_deployment(), observed(Counts(2, 1, 0, 0), ready=1), wall=0)
    assert (status.replicas, status.updated_replicas) == (2, 2)
    assert (status.ready_replicas, status.available_replicas, status.unavailable_replicas) == (
        1,
        1,
        1,
    )
    assert status.terminating_replicas is None
    assert status.observed_generation == 3


def test_a_rollout_progresses_until_all_are_available():
    deployment = settle(make_deployment(), observed(Counts(2, 0, 0, 0)), 0)
    assert condition(deployment, "Progressing") == ("True", "ReplicaSetUpdated")
    assert condition(deployment, "Available") == ("False", "MinimumReplicasUnavailable")
    deployment = settle(deployment, observed(Counts(2, 2, 0, 0), ready=2), 5)
    assert condition(deployment, "Progressing") == ("True", "NewReplicaSetAvailable")
    assert condition(deployment, "Available") == ("True", "MinimumReplicasAvailable")


def test_no_progress_within_the_deadline_is_said():
    deployment = make_deployment(progress_deadline_seconds=60)
    waiting = observed(Counts(2, 0, 0, 0))
    deployment = settle(deployment, waiting, 0)
    assert seconds_to_deadline(deployment, deployment.status, 10) == 50.001
    deployment = settle(deployment, waiting, 60)
    assert condition(deployment, "Progressing") == ("True", "ReplicaSetUpdated")
    deployment = settle(deployment, waiting, 61)
    assert condition(deployment, "Progressing") == ("False", "ProgressDeadlineExceeded")
    assert seconds_to_deadline(deployment, deployment.status, 62) is None
    assert settle(deployment, waiting, 100) == deployment


def test_every_step_forward_gives_another_deadline():
    deployment = make_deployment(progress_deadline_seconds=60)
    deployment = settle(deployment, observed(Counts(2, 0, 0, 0)), 0)
    deployment = settle(deployment, observed(Counts(2, 1, 0, 0), ready=1), 50)
    assert seconds_to_deadline(deployment, deployment.status, 50) == 60.001


def test_a_pod_that_serves_after_the_deadline_still_completes():
    deployment = make_deployment(replicas=1, progress_deadline_seconds=60)
    deployment = settle(deployment, observed(Counts(1, 0, 0, 0)), 0)
    deployment = settle(deployment, observed(Counts(1, 0, 0, 0)), 61)
    deployment = settle(deployment, observed(Counts(1, 1, 0, 0), ready=1), 70)
    assert condition(deployment, "Progressing") == ("True", "NewReplicaSetAvailable")


def test_scaling_after_completion_is_no_rollout():
    deployment = settle(make_deployment(0), observed(NONE), 0)
    assert condition(deployment, "Progressing") == ("True", "NewReplicaSetAvailable")
    woken = deployment.replaced(spec=deployment.spec.replaced(replicas=1))
    woken = settle(woken, observed(Counts(1, 0, 0, 0)), 5)
    assert condition(woken, "Progressing") == ("True", "NewReplicaSetAvailable")
    assert condition(woken, "Available") == ("False", "MinimumReplicasUnavailable")
    assert seconds_to_deadline(woken, woken.status, 5) is None


def test_a_new_template_begins_another_rollout():
    deployment = settle(make_deployment(1), observed(Counts(1, 1, 0, 0), ready=1), 0)
    deployment = settle(deployment, observed(Counts(1, 0, 1, 1), ready=1), 9)
    assert condition(deployment, "Progressing") == ("True", "ReplicaSetUpdated")


def test_pods_that_cannot_be_created_are_reported():
    deployment = settle(make_deployment(), observed(NONE, failure="quota"), 0)
    assert condition(deployment, "ReplicaFailure") == ("True", "FailedCreate")


def test_the_deadline_begins_anew_when_the_wall_clock_was_set_back():
    deployment = make_deployment(progress_deadline_seconds=60)
    waiting = observed(Counts(2, 0, 0, 0))
    deployment = settle(deployment, waiting, 86_400)
    deployment = settle(deployment, waiting, 1000)
    assert seconds_to_deadline(deployment, deployment.status, 1000) == 60.001
    deployment = settle(deployment, waiting, 1061)
    assert condition(deployment, "Progressing") == ("False", "ProgressDeadlineExceeded")
