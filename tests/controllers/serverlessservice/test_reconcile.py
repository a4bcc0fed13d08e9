import pytest

from kfsim.api.apps import Deployment, DeploymentSpec
from kfsim.api.core import Endpoints, ObjectReference, Pod, PodSpec, PodStatus, Service
from kfsim.api.knative.internal import ServerlessService, ServerlessServiceSpec
from kfsim.api.meta import Condition, LabelSelector, ObjectMeta, owner_reference
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ReplicaKey
from kfsim.controllers.runtime import Key
from kfsim.controllers.serverlessservice.reconcile import ServerlessServiceReconciler
from kfsim.replicas.addresses import Address
from kfsim.store import Store
from kfsim.testing.backend import FakeBackend
from kfsim.testing.clock import FakeClock
from kfsim.testing.scaling import reason_of

KEY = Key("default", "rev")
CONTAINERS = PodSpec.model_validate(
    {"containers": [{"name": "c", "ports": [{"containerPort": 1}]}]}
)


class Addresses(FakeBackend):
    """Knows an address for every replica but those that are gone."""

    def __init__(self):
        super().__init__()
        self.gone = set()

    def address(self, key, port):
        if key in self.gone:
            return super().address(key, port)
        return Address("127.0.0.1", 30_000 + int(key.name[-1]))


class World:
    def __init__(self, mode):
        self.clock = FakeClock()
        self.store = Store(clock=self.clock, entropy=SeededEntropy(1))
        self.backend = Addresses()
        self.reconciler = ServerlessServiceReconciler(
            store=self.store, clock=self.clock, backend=self.backend, gateway_port=lambda: 8080
        )
        self.store.create(
            ServerlessService(
                metadata=ObjectMeta(name="rev", namespace="default"),
                spec=ServerlessServiceSpec(mode=mode, object_ref=ObjectReference(name="d")),
            )
        )

    def add_deployment(self):
        return self.store.create(
            Deployment(
                metadata=ObjectMeta(name="d", namespace="default"),
                spec=DeploymentSpec(selector=LabelSelector(match_labels={"a": "b"})),
            )
        )

    def add_pod(self, number, *, ready=True):
        owner = owner_reference(self.store.get(Deployment, "d", "default"))
        metadata = ObjectMeta(name=f"p{number}", namespace="default", owner_references=(owner,))
        pod = self.store.create(Pod(metadata=metadata, spec=CONTAINERS))
        conditions = (Condition(type="Ready", status=str(ready)),)
        self.store.update_status(pod.replaced(status=PodStatus(conditions=conditions)))

    def reconcile(self):
        """Twice: the second run writes nothing."""
        self.reconciler.reconcile(KEY)
        version = self.store.resource_version
        self.reconciler.reconcile(KEY)
        assert self.store.resource_version == version

    def endpoints(self, name="rev"):
        """Ports of the Endpoints, in order."""
        found = self.store.get(Endpoints, name, "default")
        return [each.ports[0].port for each in found.subsets]

    @property
    def sks(self):
        return self.store.get(ServerlessService, "rev", "default")


@pytest.mark.parametrize(
    ("mode", "pods", "private", "public", "populated", "backed"),
    [
        pytest.param(
            "Proxy", [], [], [8080], ("Unknown", "NoHealthyBackends"), "True", id="nothing runs"
        ),
        pytest.param(
            "Serve",
            [],
            [],
            [8080],
            ("Unknown", "NoHealthyBackends"),
            "True",
            id="without pods the activator serves",
        ),
        pytest.param(
            "Serve", [2, 1], [30_001, 30_002], [30_001, 30_002], ("True", None), "False", id="serve"
        ),
        pytest.param("Proxy", [1], [30_001], [8080], ("True", None), "True", id="proxy"),
    ],
)
def test_endpoints_and_conditions(mode, pods, private, public, populated, backed):
    world = World(mode)
    world.add_deployment()
    for number in pods:
        world.add_pod(number)
    world.add_pod(9, ready=False)
    world.reconcile()
    assert world.endpoints("rev-private") == private
    assert world.endpoints() == public
    assert reason_of(world.sks, "EndpointsPopulated") == populated
    assert reason_of(world.sks, "Ready") == populated
    assert reason_of(world.sks, "ActivatorEndpointsPopulated")[0] == backed
    assert world.sks.status.private_service_name == "rev-private"
    assert world.sks.status.service_name == "rev"
    assert world.sks.status.observed_generation == 1


def test_it_waits_for_the_deployment():
    world = World("Proxy")
    world.reconcile()
    assert world.store.find(Service, "rev", "default") is None
    assert world.sks.status.service_name is None


def test_a_replica_that_has_just_gone_is_not_listed():
    world = World("Serve")
    world.add_deployment()
    world.add_pod(1)
    world.add_pod(2)
    world.backend.gone.add(ReplicaKey("default", "p1"))
    world.reconcile()
    assert world.endpoints("rev-private") == [30_002]


def test_a_changed_or_deleted_service_is_mended():
    world = World("Serve")
    world.add_deployment()
    world.reconcile()
    public = world.store.get(Service, "rev", "default")
    world.store.update(public.replaced(spec=public.spec.replaced(ports=())))
    world.store.delete(Service, "rev-private", "default")
    world.reconcile()
    assert len(world.store.get(Service, "rev", "default").spec.ports) == 2
    assert world.store.get(Service, "rev-private", "default").spec.selector == {"a": "b"}


def test_somebody_elses_service_is_not_touched():
    world = World("Serve")
    world.add_deployment()
    world.store.create(Service(metadata=ObjectMeta(name="rev", namespace="default")))
    world.reconcile()
    assert reason_of(world.sks, "EndpointsPopulated") == ("False", "NotOwned")
    assert world.store.get(Service, "rev", "default").spec.ports == ()


def test_the_time_in_the_path_counts_from_the_change():
    world = World("Serve")
    world.add_deployment()
    world.add_pod(1)
    world.reconcile()
    world.clock.advance(60)
    sks = world.sks
    world.store.update(sks.replaced(spec=sks.spec.replaced(mode="Proxy")))
    world.reconcile()
    (backed,) = [
        each for each in world.sks.status.conditions if each.type == "ActivatorEndpointsPopulated"
    ]
    assert backed.last_transition_time == "2000-01-01T00:01:00Z"
    assert backed.severity == "Info"


def test_a_deleted_one_is_forgotten():
    world = World("Serve")
    world.add_deployment()
    world.reconcile()
    world.store.delete(ServerlessService, "rev", "default")
    world.reconcile()
    assert world.reconciler._services == {}
