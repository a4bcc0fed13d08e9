"""Keeps a Deployment's Pods at the number and template that it asks for."""

from collections.abc import Sequence

from kfsim.api.apps import Deployment
from kfsim.api.conditions import find_condition
from kfsim.api.core import Pod, ServiceAccount
from kfsim.base.clock import Clock, parse_timestamp
from kfsim.base.entropy import Entropy
from kfsim.base.errors import Forbidden, KfsimError
from kfsim.controllers.deployment.resources import HASH_LABEL, hash_template, make_pod
from kfsim.controllers.deployment.rollout import Counts, Plan, plan_rollout
from kfsim.controllers.deployment.status import (
    Observed,
    desired_replicas,
    make_status,
    seconds_to_deadline,
)
from kfsim.controllers.deployment.victims import choose_victims
from kfsim.controllers.runtime.controller import DONE, Key, Result
from kfsim.controllers.runtime.recorder import Recorder
from kfsim.replicas.status import is_pod_ready
from kfsim.store import Store

_ENDED = ("Failed", "Succeeded")


class DeploymentReconciler:
    """Creates and deletes Pods; rolls over to a changed template step by step."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        recorder: Recorder,
        needs_accounts: bool = False,
    ) -> None:
        """`needs_accounts`: Pods whose ServiceAccount does not exist are not created."""
        self._store = store
        self._needs_accounts = needs_accounts
        self._clock = clock
        self._entropy = entropy
        self._recorder = recorder.for_component("deployment-controller")
        # uid -> (generation, hash): hashing a template costs more than the rest of a reconcile.
        self._hashes: dict[str, tuple[int, str]] = {}
        self._uids: dict[Key, str] = {}

    def reconcile(self, key: Key) -> Result:
        deployment = self._store.find(Deployment, key.name, key.namespace)
        if deployment is None:
            self._hashes.pop(self._uids.pop(key, ""), None)
            return DONE
        if deployment.metadata.deletion_timestamp is not None:
            return DONE
        self._uids[key] = deployment.metadata.uid
        template_hash = self._hash(deployment)
        pods = self._store.owned(Pod, deployment)
        failure = ""
        if not deployment.spec.paused:
            failure = self._scale(deployment, pods, template_hash)
            pods = self._store.owned(Pod, deployment)
        return self._show(deployment, pods, template_hash, failure)

    def _hash(self, deployment: Deployment) -> str:
        metadata = deployment.metadata
        known = self._hashes.get(metadata.uid)
        if known is None or known[0] != metadata.generation:
            known = (metadata.generation, hash_template(deployment.spec.template))
            self._hashes[metadata.uid] = known
        return known[1]

    def _scale(self, deployment: Deployment, pods: Sequence[Pod], template_hash: str) -> str:
        """Returns why Pods could not be created, empty when they could."""
        ended = [pod for pod in pods if _has_ended(pod)]
        for pod in ended:
            self._store.delete(Pod, pod.metadata.name, pod.metadata.namespace)
        live = [pod for pod in pods if _is_live(pod)]
        new = [pod for pod in live if _is_of(pod, template_hash)]
        old = [pod for pod in live if not _is_of(pod, template_hash)]
        desired = desired_replicas(deployment)
        counts = self._count(deployment, new, old)
        plan = plan_rollout(counts, desired=desired, strategy=deployment.spec.strategy)
        wake_up = not live and _is_awaited(deployment, lost=bool(ended))
        failure = self._create(deployment, template_hash, plan, wake_up=wake_up)
        self._delete(deployment, template_hash, plan, new, old)
        return failure

    def _create(
        self, deployment: Deployment, template_hash: str, plan: Plan, *, wake_up: bool
    ) -> str:
        created = 0
        failure = ""
        while created < plan.create:
            suffix = self._entropy.suffix()
            pod = make_pod(deployment, template_hash, suffix, wake_up=wake_up)
            try:
                self._admit(pod)
                self._store.create(pod)
            except KfsimError as error:
                failure = error.message
                self._tell_failure(deployment, failure)
                break
            created += 1
        if created:
            self._tell(deployment, template_hash, "up", created)
        return failure

    def _tell_failure(self, deployment: Deployment, failure: str) -> None:
        """Once, and not again while the status says the same."""
        known = find_condition(deployment.status.conditions, "ReplicaFailure")
        if known is None or known.message != failure:
            text = f"Error creating: {failure}"
            self._recorder.warning(deployment, "FailedCreate", text)

    def _admit(self, pod: Pod) -> None:
        """The admission plugin ServiceAccount. Raises Forbidden; every namespace has `default`."""
        account, namespace = pod.spec.service_account_name, pod.metadata.namespace
        if not self._needs_accounts or account in (None, "", "default"):
            return
        if self._store.find(ServiceAccount, account, namespace) is None:
            raise Forbidden(
                f'pods "{pod.metadata.generate_name}" is forbidden: error looking up service '
                f'account {namespace}/{account}: serviceaccount "{account}" not found'
            )

    def _delete(
        self,
        deployment: Deployment,
        template_hash: str,
        plan: Plan,
        new: Sequence[Pod],
        old: Sequence[Pod],
    ) -> None:
        victims = (*choose_victims(new, plan.remove_new), *choose_victims(old, plan.remove_old))
        for pod in victims:
            self._store.delete(Pod, pod.metadata.name, pod.metadata.namespace)
        if victims:
            self._tell(deployment, template_hash, "down", len(victims))

    def _tell(self, deployment: Deployment, template_hash: str, way: str, count: int) -> None:
        name = f"{deployment.metadata.name}-{template_hash}"
        live = sum(1 for pod in self._store.owned(Pod, deployment) if _is_live(pod))
        before = live - count if way == "up" else live + count
        text = f"Scaled {way} replica set {name} from {before} to {live}"
        self._recorder.normal(deployment, "ScalingReplicaSet", text)

    def _show(
        self, deployment: Deployment, pods: Sequence[Pod], template_hash: str, failure: str
    ) -> Result:
        live = [pod for pod in pods if _is_live(pod)]
        new = [pod for pod in live if _is_of(pod, template_hash)]
        old = [pod for pod in live if not _is_of(pod, template_hash)]
        wall = self._clock.wall()
        seen = Observed(
            counts=self._count(deployment, new, old),
            ready=sum(1 for pod in live if is_pod_ready(pod)),
            terminating=sum(1 for pod in pods if pod.metadata.deletion_timestamp is not None),
            template_hash=template_hash,
            failure=failure,
        )
        status = make_status(deployment, seen, wall=wall)
        self._store.update_status(deployment.replaced(status=status))
        waits = [
            seconds_to_deadline(deployment, status, wall),
            self._until_available(deployment, live),
        ]
        return Result(min((each for each in waits if each is not None), default=None))

    def _count(self, deployment: Deployment, new: Sequence[Pod], old: Sequence[Pod]) -> Counts:
        return Counts(
            new=len(new),
            new_available=sum(1 for pod in new if self._is_available(deployment, pod)),
            old=len(old),
            old_available=sum(1 for pod in old if self._is_available(deployment, pod)),
        )

    def _is_available(self, deployment: Deployment, pod: Pod) -> bool:
        if not is_pod_ready(pod):
            return False
        seconds = deployment.spec.min_ready_seconds or 0
        return not seconds or self._clock.wall() - _ready_since(pod) >= seconds

    def _until_available(self, deployment: Deployment, live: Sequence[Pod]) -> float | None:
        seconds = deployment.spec.min_ready_seconds or 0
        if not seconds:
            return None
        wall = self._clock.wall()
        left = (seconds - (wall - _ready_since(pod)) for pod in live if is_pod_ready(pod))
        return min((each for each in left if each > 0), default=None)


def _is_awaited(deployment: Deployment, *, lost: bool) -> bool:
    """Whether requests may wait for a first Pod: one was lost, or the Deployment was at zero. The
    very first Pods, and those remade after a restart, are awaited by nobody."""
    status = deployment.status
    return status.observed_generation is not None and (lost or not status.replicas)


def _has_ended(pod: Pod) -> bool:
    return pod.metadata.deletion_timestamp is None and pod.status.phase in _ENDED


def _is_live(pod: Pod) -> bool:
    return pod.metadata.deletion_timestamp is None and pod.status.phase not in _ENDED


def _is_of(pod: Pod, template_hash: str) -> bool:
    return pod.metadata.labels.get(HASH_LABEL) == template_hash


def _ready_since(pod: Pod) -> float:
    ready = find_condition(pod.status.conditions, "Ready")
    return parse_timestamp((ready and ready.last_transition_time) or "1970-01-01T00:00:00Z")
