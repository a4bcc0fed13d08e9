"""Follows one Pod object: hand it to the kubelet, show its state, let it go when it has ended."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kfsim.api.core import ConfigMap, Pod, Secret, ServiceAccount
from kfsim.base.clock import Clock
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.filled_secrets import FilledSecrets, lay_over
from kfsim.controllers.pod.kubelet import Kubelet
from kfsim.controllers.pod.replica import Replica, Stage
from kfsim.controllers.runtime.controller import DONE, Key, Result
from kfsim.controllers.runtime.recorder import Recorder
from kfsim.replicas.backend import ReplicaBackend
from kfsim.replicas.marks import REPLICA_FINALIZER, WAKE_UP_ANNOTATION
from kfsim.replicas.status import make_pod_status
from kfsim.store import Store

_FINAL_PHASES = ("Failed", "Succeeded")


@dataclass(frozen=True, slots=True)
class StoreSources:
    """ConfigMaps, Secrets and ServiceAccounts of one namespace; `filled` are the project's own."""

    store: Store
    namespace: str
    filled: FilledSecrets = field(default_factory=dict)

    def config_map(self, name: str) -> ConfigMap | None:
        return self.store.find(ConfigMap, name, self.namespace)

    def secret(self, name: str) -> Secret | None:
        stored = self.store.find(Secret, name, self.namespace)
        return lay_over(stored, self.filled, namespace=self.namespace, name=name)

    def service_account(self, name: str) -> ServiceAccount | None:
        return self.store.find(ServiceAccount, name, self.namespace)


class PodReconciler:
    """Makes replicas follow Pods, and Pods show replicas."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        recorder: Recorder,
        kubelet: Kubelet,
        secrets: Callable[[], FilledSecrets] = dict,
    ) -> None:
        """`secrets` are those that the project fills, as they are at each call."""
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._recorder = recorder.for_component("kubelet")
        self._kubelet = kubelet

    def reconcile(self, key: Key) -> Result:
        pod = self._store.find(Pod, key.name, key.namespace)
        replica = self._kubelet.find(ReplicaKey(key.namespace, key.name))
        if replica is not None and (pod is None or pod.metadata.uid != replica.uid):
            replica = self._abandon(replica)
            if replica is not None:  # its name is free again once it has ended
                return DONE
        if pod is None:
            return DONE
        if pod.metadata.deletion_timestamp is not None:
            self._end(pod, replica)
        elif replica is None:
            self._begin(pod)
        else:
            sources = self._sources(key.namespace)
            self._kubelet.provide(replica, sources, wake_up=_is_wake_up(pod))
            self._kubelet.tend(replica)
            self._show(pod, replica)
        return DONE

    def _sources(self, namespace: str) -> StoreSources:
        return StoreSources(self._store, namespace, self._secrets())

    def _abandon(self, replica: Replica) -> Replica | None:
        """The record is gone already (or another Pod has its name): end what it stood for."""
        self._kubelet.terminate(replica)
        if replica.stage is not Stage.ENDED:
            return replica
        self._kubelet.forget(replica)
        return None

    def _begin(self, pod: Pod) -> None:
        if pod.status.phase in _FINAL_PHASES or not pod.spec.containers:
            return
        if REPLICA_FINALIZER not in pod.metadata.finalizers:
            finalizers = (*pod.metadata.finalizers, REPLICA_FINALIZER)
            pod = self._store.update(
                pod.replaced(metadata=pod.metadata.replaced(finalizers=finalizers))
            )
        sources = self._sources(pod.metadata.namespace)
        replica = self._kubelet.accept(pod, sources, wake_up=_is_wake_up(pod))
        self._show(pod, replica)

    def _end(self, pod: Pod, replica: Replica | None) -> None:
        if replica is not None:
            self._kubelet.terminate(replica)
            if replica.stage is not Stage.ENDED:
                self._show(pod, replica)
                return
            self._flush(pod, replica)
            self._kubelet.forget(replica)
        remove_finalizer(self._store, pod)

    def _show(self, pod: Pod, replica: Replica) -> None:
        if replica.shown is not replica.state:
            status = make_pod_status(
                pod, replica.state, wall=self._clock.wall(), address=replica.address
            )
            pod = self._store.update_status(pod.replaced(status=status))
            replica.shown = replica.state
        self._flush(pod, replica)

    def _flush(self, pod: Pod, replica: Replica) -> None:
        notes, replica.notes = replica.notes, []
        for note in notes:
            self._recorder.event(pod, type=note.type, reason=note.reason, message=note.message)


async def recover(
    store: Store,
    kubelet: Kubelet,
    backend: ReplicaBackend,
    secrets: Callable[[], FilledSecrets] = dict,
) -> None:
    """Match the Pods of an earlier daemon with what still runs; call before the dispatcher starts.

    A Pod whose replica is gone is removed, so that its Deployment makes another; one without an
    owner stays and is started anew. A running replica without a Pod is stopped.
    """
    found = await backend.find_running() if backend.capabilities.adopts else ()
    running = {each.key: each for each in found}
    for each in found:
        kubelet.claim(each)
    for entry in store.entries(Pod):
        key = ReplicaKey(entry.namespace, entry.name)
        pod = store.view(Pod, entry)
        replica = running.get(key)
        known = replica is not None and replica.uid == entry.uid
        if known and kubelet.adopt(pod, StoreSources(store, entry.namespace, secrets())):
            del running[key]
        elif entry.deleting:
            remove_finalizer(store, pod)
        elif entry.owner_uid:
            store.delete(Pod, entry.name, entry.namespace)
            left = store.find(Pod, entry.name, entry.namespace)
            if left is not None:
                remove_finalizer(store, left)
    for each in running.values():
        kubelet.stop_unknown(each)


def remove_finalizer(store: Store, pod: Pod) -> None:
    """Let the record go."""
    finalizers = tuple(each for each in pod.metadata.finalizers if each != REPLICA_FINALIZER)
    current = store.find(Pod, pod.metadata.name, pod.metadata.namespace)
    if current is not None and finalizers != current.metadata.finalizers:
        store.update(current.replaced(metadata=current.metadata.replaced(finalizers=finalizers)))


def _is_wake_up(pod: Pod) -> bool:
    return WAKE_UP_ANNOTATION in pod.metadata.annotations
