"""From a Pod's first sight to its start: devices, references, a place.

    UNSCHEDULABLE ──devices──▶ HELD ──references──▶ (QUEUED) ──a place──▶ LIVE

Each arrow is tried as soon as it can be: the first when the scheduler has devices, the second with
every reconcile (a write to a ConfigMap or Secret of the namespace causes one), the third when
another start has given its place back. A start holds its place until `release` is told that the
replica serves, has failed or has ended.

The Starter owns the places and knows who is held; the scheduler owns the devices; the Runner makes
the call. What becomes of a replica after that is not its business.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from kfsim.base.clock import Clock
from kfsim.base.errors import Invalid
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.credentials import AccountSources, describe_mend, find_lacks
from kfsim.controllers.pod.environment import MissingReference, Sources
from kfsim.controllers.pod.files import MissingVolume
from kfsim.controllers.pod.milestones import Milestone
from kfsim.controllers.pod.pull_secrets import PullSources, resolve_pull_secrets
from kfsim.controllers.pod.replica import Note, Replica, Stage, make_replica_spec
from kfsim.controllers.pod.restarts import Restarts
from kfsim.controllers.pod.runner import Runner
from kfsim.controllers.pod.scheduler import DeviceScheduler
from kfsim.controllers.runtime.recorder import NORMAL, WARNING
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaBackend, ReplicaSpec
from kfsim.replicas.failures import CONFIG_ERROR
from kfsim.replicas.marks import NODE_NAME
from kfsim.replicas.starts import HELD_AT_MOST, StartLimiter


class PodSources(Sources, PullSources, AccountSources, Protocol):
    """Where everything that a Pod refers to is found."""


class Starter:
    """Brings replicas to their start."""

    def __init__(
        self,
        *,
        clock: Clock,
        backend: ReplicaBackend,
        runner: Runner,
        devices: DeviceScheduler,
        start_limit: int,
        replicas: Mapping[ReplicaKey, Replica],
        wake: Callable[[ReplicaKey, float], None],
    ) -> None:
        """`replicas` are all there are; `wake(key, after)` asks for a reconcile of that Pod."""
        self._clock = clock
        self._backend = backend
        self._runner = runner
        self._devices = devices
        self._starts = StartLimiter(limit=start_limit)
        self._replicas = replicas
        self._wake = wake
        self._held: dict[str, dict[ReplicaKey, None]] = {}

    def held_in(self, namespace: str) -> tuple[ReplicaKey, ...]:
        """Replicas that wait for a ConfigMap or Secret of the namespace."""
        return tuple(self._held.get(namespace, ()))

    def held(self) -> tuple[ReplicaKey, ...]:
        """Replicas that wait for a ConfigMap or Secret, of all namespaces."""
        return tuple(key for keys in self._held.values() for key in keys)

    def accept(self, replica: Replica, sources: PodSources, *, wake_up: bool) -> None:
        """Start a new replica as soon as devices, its references and a place allow."""
        if self._devices.fit(replica.pod) is not replica.pod:
            text = "Limits of nvidia.com/gpu are dropped, as gpu: ignore in kfsim.yaml asks"
            replica.notes.append(Note(NORMAL, "GpuIgnored", text))
        for lack in find_lacks(replica.pod, sources):
            replica.notes.append(Note(WARNING, lack.reason, lack.message))
        self._place(replica)
        self.provide(replica, sources, wake_up=wake_up)

    def adopt(self, replica: Replica, sources: PodSources) -> None:
        """Hand over one that runs already. Raises KfsimError where that cannot be."""
        replica.spec = self._resolve(replica, sources)
        self._backend.adopt(replica.spec)

    def reconsider(self, replica: Replica) -> None:
        """Look for devices again; something about them has changed."""
        if replica.stage is not Stage.UNSCHEDULABLE:
            return
        before = replica.state
        self._place(replica)
        if replica.state is not before:
            self._wake(replica.key, 0.0)  # its reconcile has the sources that a start needs

    def provide(self, replica: Replica, sources: PodSources, *, wake_up: bool) -> None:
        """Resolve what a held replica needs, then start it or put it into the queue."""
        if replica.stage is not Stage.HELD:
            self._refresh_logins(replica, sources)
            return
        try:
            replica.spec = self._resolve(replica, sources)
        except Invalid as error:
            self._hold(replica, error)
            return
        self._let_go(replica)
        replica.state = lifecycle.begin_replica(replica.pod, wall=replica.state.accepted)
        if self._starts.offer(replica.key, self._clock.now(), wake_up=wake_up):
            self._start(replica)
        else:
            replica.stage = Stage.QUEUED
            replica.state = lifecycle.refuse(
                replica.state,
                replica.state.serving,
                lifecycle.CONTAINER_CREATING,
                f"{self._starts.held} other replicas are starting; this one is in the queue",
            )
            self._wake(replica.key, HELD_AT_MOST)

    def tend(self, replica: Replica) -> None:
        """Take away places that were held for too long, while the replica waits for one."""
        if replica.stage is Stage.QUEUED:
            self._grant(self._starts.expire(self._clock.now()))
            self._wake(replica.key, HELD_AT_MOST)

    def release(self, replica: Replica) -> None:
        """Give its place to others; a second call changes nothing."""
        self._grant(self._starts.release(replica.key, self._clock.now()))

    def withdraw(self, replica: Replica) -> None:
        """The replica is not to be started any more."""
        self._let_go(replica)
        self.release(replica)

    def _place(self, replica: Replica) -> None:
        """Find devices for a Pod that has none yet; a Pod that asks for none passes."""
        why = self._devices.place(replica.holder, replica.pod)
        if why is None:
            replica.stage = Stage.HELD
            replica.state = replace(replica.state, unschedulable=None)
            given = self._devices.held(replica.holder).values()
            if given:
                ids = ", ".join(dict.fromkeys(each for some in given for each in some))
                text = f"Successfully assigned {replica.key} to {NODE_NAME} with {ids}"
                replica.notes.append(Note(NORMAL, "Scheduled", text))
        elif why != replica.state.unschedulable:
            replica.state = replace(replica.state, unschedulable=why)
            if why:
                replica.notes.append(Note(WARNING, "FailedScheduling", why))

    def _resolve(self, replica: Replica, sources: PodSources) -> ReplicaSpec:
        """What to start. Raises Invalid for what is missing; a pull secret may be."""
        spec = replace(
            make_replica_spec(self._devices.fit(replica.pod), sources),
            devices=self._devices.held(replica.holder),
        )
        if not self._backend.capabilities.uses_images:
            return spec
        secrets = resolve_pull_secrets(replica.pod, sources)
        if secrets.problem:
            reason = "FailedToRetrieveImagePullSecret"
            replica.notes.append(Note(WARNING, reason, secrets.problem))
        return replace(spec, registries=secrets.logins)

    def _refresh_logins(self, replica: Replica, sources: PodSources) -> None:
        """A pull that failed is tried again with what the Pod's secrets hold by then."""
        spec = replica.spec
        if spec is None or not Restarts.pulls(replica):
            return
        if self._backend.capabilities.uses_images:
            logins = resolve_pull_secrets(replica.pod, sources).logins
            replica.outdated = replica.outdated or logins != spec.registries
            replica.spec = replace(spec, registries=logins)

    def _hold(self, replica: Replica, error: Invalid) -> None:
        self._held.setdefault(replica.key.namespace, {})[replica.key] = None
        message = error.message
        if isinstance(error, MissingReference) and error.secret:
            message = f"{message}; {describe_mend(replica.pod, error.secret)}"
        reason, event, text = CONFIG_ERROR, "Failed", f"Error: {message}"
        if isinstance(error, MissingVolume):
            reason, event, text = lifecycle.CONTAINER_CREATING, "FailedMount", message
        held = lifecycle.refuse(replica.state, replica.state.serving, reason, message)
        if held != replica.state:
            replica.state = held
            replica.notes.append(Note(WARNING, event, text))

    def _let_go(self, replica: Replica) -> None:
        self._held.get(replica.key.namespace, {}).pop(replica.key, None)

    def _grant(self, keys: Iterable[ReplicaKey]) -> None:
        for key in keys:
            replica = self._replicas.get(key)
            if replica is not None and replica.stage is Stage.QUEUED:
                replica.state = lifecycle.begin_replica(replica.pod, wall=replica.state.accepted)
                self._start(replica)
                self._wake(key, 0.0)

    def _start(self, replica: Replica) -> None:
        replica.milestones.reach(Milestone.BEGUN, self._clock.now())
        self._runner.start(replica)
