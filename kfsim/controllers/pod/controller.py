"""Which writes wake a Pod."""

from collections.abc import Callable, Iterable

from kfsim.api.core import ConfigMap, Pod, Secret
from kfsim.base.clock import Clock
from kfsim.controllers.pod.filled_secrets import FilledSecrets
from kfsim.controllers.pod.kubelet import Kubelet
from kfsim.controllers.pod.reconcile import PodReconciler
from kfsim.controllers.runtime import Controller, Key, Recorder, watch_mapped, watch_self
from kfsim.store import Entry, Store

NAME = "pod"


def make_controller(
    *,
    store: Store,
    clock: Clock,
    recorder: Recorder,
    kubelet: Kubelet,
    secrets: Callable[[], FilledSecrets] = dict,
) -> Controller:
    """The Pod controller; it overtakes others, because requests may be waiting for its replicas.

    `secrets` are those that the project fills: whoever changes them wakes held Pods.
    """
    reconciler = PodReconciler(
        store=store, clock=clock, recorder=recorder, kubelet=kubelet, secrets=secrets
    )

    def held(entry: Entry) -> Iterable[Key]:
        return (Key(key.namespace, key.name) for key in kubelet.held_in(entry.namespace))

    return Controller(
        name=NAME,
        reconciler=reconciler,
        watches=(watch_self(Pod), watch_mapped(ConfigMap, held), watch_mapped(Secret, held)),
        urgent=True,
    )
