import pytest

from kfsim.api.apps import Deployment, DeploymentSpec, PodTemplateSpec
from kfsim.api.core import Container, Event, Pod, PodSpec, PodStatus, ServiceAccount
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.deployment.reconcile import DeploymentReconciler
from kfsim.controllers.runtime import Key, Recorder
from kfsim.store import Store
from kfsim.testing.clock import FakeClock

KEY = Key("default", "d")


class World:
    def __init__(self, *, needs_accounts=False):
        self.clock = FakeClock()
        entropy = SeededEntropy(1)
        self.store = Store(clock=self.clock, entropy=entropy)
        self.reconciler = DeploymentReconciler(
            store=self.store,
            clock=self.clock,
            entropy=entropy,
            needs_accounts=needs_accounts,
            recorder=Recorder(
                store=self.store, clock=self.clock, entropy=entropy, component="kfsim"
            ),
        )

    def apply(self, replicas=1, image="one", account=None, **spec):
        containers = (Container(name="c", image=image),)
        template = PodTemplateSpec(
            spec=PodSpec(containers=containers, service_account_name=account)
        )
        spec = DeploymentSpec(replicas=replicas, template=template, **spec)
        current = self.store.find(Deployment, "d", "default")
        if current is None:
            metadata = ObjectMeta(name="d", namespace="default")
            return self.store.create(Deployment(metadata=metadata, spec=spec))
        return self.store.update(current.replaced(spec=spec))

    def reconcile(self):
        """Reconcile until nothing is written; the last run is one that writes nothing."""
        for _ in range(10):
            version = self.store.resource_version
            result = self.reconciler.reconcile(KEY)
            if self.store.resource_version == version:
                return result
        raise AssertionError("never at rest")

    def names(self, image=None):
        return [
            each.metadata.name
            for each in self.store.list(Pod)
            if each.metadata.deletion_timestamp is None
            and image in (None, each.spec.containers[0].image)
        ]

    def set_pod(self, name, *, phase="Running", ready=True):
        pod = self.store.get(Pod, name, "default")
        now = "2000-01-01T00:00:00Z"
        condition = Condition(type="Ready", status=str(ready), last_transition_time=now)
        status = PodStatus(phase=phase, conditions=(condition,))
        self.store.update_status(pod.replaced(status=status))

    def all_ready(self):
        for name in self.names():
            self.set_pod(name)

    def messages(self):
        return [each.message for each in self.store.list(Event)]


@pytest.fixture
def world():
    return World()


def test_an_unknown_deployment_is_nothing_to_do(world):
    assert world.reconciler.reconcile(KEY).requeue_after is None


@pytest.mark.parametrize("replicas", [0, 1, 3])
def test_pods_are_made_to_the_number(world, replicas):
    world.apply(replicas)
    world.reconcile()
    assert len(world.names()) == replicas


def test_replicas_left_out_are_one(world):
    world.apply(None)
    world.reconcile()
    assert len(world.names()) == 1


def test_the_first_pods_are_no_wake_up_and_later_ones_from_zero_are(world):
    world.apply(0)
    world.reconcile()
    world.apply(1)
    world.reconcile()
    (pod,) = world.store.list(Pod)
    assert "kfsim.dev/wake-up" in pod.metadata.annotations
    world.apply(2)
    world.reconcile()
    marked = ["kfsim.dev/wake-up" in each.metadata.annotations for each in world.store.list(Pod)]
    assert sorted(marked) == [False, True]


def test_scaling_down_takes_the_pod_that_is_not_ready(world):
    world.apply(2)
    world.reconcile()
    first, second = world.names()
    world.set_pod(first)
    world.set_pod(second, ready=False)
    world.apply(1)
    world.reconcile()
    assert world.names() == [first]
    assert any("Scaled down replica set" in each for each in world.messages())


def test_a_failed_pod_is_replaced_at_once(world):
    world.apply(1)
    world.reconcile()
    (failed,) = world.names()
    world.set_pod(failed, phase="Failed", ready=False)
    world.reconcile()
    (replacement,) = world.names()
    assert replacement != failed
    pod = world.store.get(Pod, replacement, "default")
    assert "kfsim.dev/wake-up" in pod.metadata.annotations


def test_a_new_template_replaces_pods_step_by_step(world):
    world.apply(4)
    world.reconcile()
    world.all_ready()
    world.apply(4, image="two")
    seen = []
    for _ in range(12):
        world.reconcile()
        seen.append((len(world.names("one")), len(world.names("two"))))
        world.all_ready()
    assert seen[0] == (3, 2)  # one over, one missing
    assert all(3 <= old + new <= 5 for old, new in seen)
    assert seen[-1] == (0, 4)


def test_a_paused_deployment_is_left_alone(world):
    world.apply(2, paused=True)
    world.reconcile()
    assert world.names() == []


def test_min_ready_seconds_delay_availability(world):
    world.apply(1, min_ready_seconds=5)
    world.reconcile()
    world.all_ready()
    result = world.reconcile()
    assert world.store.get(Deployment, "d", "default").status.available_replicas is None
    assert result.requeue_after == pytest.approx(5)
    world.clock.advance(5)
    world.reconcile()
    assert world.store.get(Deployment, "d", "default").status.available_replicas == 1


def test_a_deadline_asks_for_another_look(world):
    world.apply(1, progress_deadline_seconds=30)
    assert world.reconcile().requeue_after == pytest.approx(30, abs=0.01)
    world.clock.advance(31)
    world.reconcile()
    reasons = [
        each.reason for each in world.store.get(Deployment, "d", "default").status.conditions
    ]
    assert "ProgressDeadlineExceeded" in reasons


def test_a_deleted_deployment_is_forgotten(world):
    world.apply(1)
    world.reconcile()
    world.store.delete(Deployment, "d", "default")
    world.reconcile()
    assert world.reconciler._hashes == {}
    assert world.reconciler._uids == {}


def test_a_controller_that_kfsim_replaces_gets_no_pods_and_says_why(world):
    world.apply(replicas=2, image="kserve/kserve-controller:v0.20.0")
    world.reconcile()
    assert world.names() == []
    status = world.store.get(Deployment, "d", "default").status
    available = next(each for each in status.conditions if each.type == "Available")
    assert (available.status, available.reason) == ("True", "ReplacedByKfsim")
    assert "kserve/kserve-controller:v0.20.0 itself, so no Pod" in available.message


def test_a_pod_whose_account_is_missing_is_forbidden_until_it_is_there():
    world = World(needs_accounts=True)
    world.apply(account="robot")
    world.reconcile()
    assert world.names() == []
    deployment = world.store.get(Deployment, "d", "default")
    (failure,) = (c for c in deployment.status.conditions if c.type == "ReplicaFailure")
    assert failure.reason == "FailedCreate"
    assert failure.message.startswith('pods "d-')
    assert failure.message.endswith(
        '-" is forbidden: error looking up service account default/robot: '
        'serviceaccount "robot" not found'
    )
    world.store.create(ServiceAccount(metadata=ObjectMeta(name="robot", namespace="default")))
    world.reconcile()
    assert len(world.names()) == 1


@pytest.mark.parametrize("account", [None, "", "default"])
def test_every_namespace_has_the_default_account(account):
    world = World(needs_accounts=True)
    world.apply(account=account)
    world.reconcile()
    assert len(world.names()) == 1


def test_accounts_are_not_asked_for_without_strictness():
    world = World()
    world.apply(account="robot")
    world.reconcile()
    assert len(world.names()) == 1
