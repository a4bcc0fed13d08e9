from kfsim.api.apps import Deployment
from kfsim.api.core import Pod, ServiceAccount
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.deployment.controller import make_controller
from kfsim.controllers.runtime import Recorder
from kfsim.store import Store
from kfsim.testing.clock import FakeClock


def test_deployments_and_their_pods_wake_it_urgently():
    clock, entropy = FakeClock(), SeededEntropy(1)
    store = Store(clock=clock, entropy=entropy)
    recorder = Recorder(store=store, clock=clock, entropy=entropy, component="kfsim")
    controller = make_controller(store=store, clock=clock, entropy=entropy, recorder=recorder)
    assert [each.model for each in controller.watches] == [Deployment, Pod, ServiceAccount]
    assert controller.urgent
