"""Which writes wake a Deployment."""

from collections.abc import Iterable

from kfsim.api.apps import Deployment
from kfsim.api.core import Pod, ServiceAccount
from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy
from kfsim.controllers.deployment.reconcile import DeploymentReconciler
from kfsim.controllers.runtime import (
    Controller,
    Key,
    Recorder,
    watch_mapped,
    watch_owned,
    watch_self,
)
from kfsim.store import Entry, Store

NAME = "deployment"


def make_controller(
    *,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    recorder: Recorder,
    needs_accounts: bool = False,
) -> Controller:
    """The Deployment controller; urgent, because it stands between a held request and its Pod.

    `needs_accounts`: a Pod whose ServiceAccount does not exist is forbidden, as on a cluster.
    """
    reconciler = DeploymentReconciler(
        store=store,
        clock=clock,
        entropy=entropy,
        recorder=recorder,
        needs_accounts=needs_accounts,
    )

    def refused(entry: Entry) -> Iterable[Key]:
        deployments = store.list(Deployment, entry.namespace) if needs_accounts else ()
        return tuple(
            Key(entry.namespace, each.metadata.name)
            for each in deployments
            if each.spec.template.spec.service_account_name == entry.name
        )

    return Controller(
        name=NAME,
        reconciler=reconciler,
        watches=(
            watch_self(Deployment),
            watch_owned(Pod, owner=Deployment),
            watch_mapped(ServiceAccount, refused),
        ),
        urgent=True,
    )
