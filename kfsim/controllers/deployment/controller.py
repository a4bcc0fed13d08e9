"""Which writes wake a Deployment."""

from kfsim.api.apps import Deployment
from kfsim.api.core import Pod
from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy
from kfsim.controllers.deployment.reconcile import DeploymentReconciler
from kfsim.controllers.runtime import Controller, Recorder, watch_owned, watch_self
from kfsim.store import Store

NAME = "deployment"


def make_controller(
    *, store: Store, clock: Clock, entropy: Entropy, recorder: Recorder
) -> Controller:
    """The Deployment controller; urgent, because it stands between a held request and its Pod."""
    reconciler = DeploymentReconciler(store=store, clock=clock, entropy=entropy, recorder=recorder)
    return Controller(
        name=NAME,
        reconciler=reconciler,
        watches=(watch_self(Deployment), watch_owned(Pod, owner=Deployment)),
        urgent=True,
    )
