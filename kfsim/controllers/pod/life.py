"""The life of the containers that run: what the backend tells about them, and what follows.

    STARTED ──postStart hook──▶ shown as running, probed
            ──it failed───────▶ replaced
    EXITED, FAILED ───────────▶ tried again, at once or after a back-off; or the Pod is finished
    GONE ─────────────────────▶ ended as asked; started again where it was replaced; else lost

Every event is folded into the replica's frozen state (`replicas.lifecycle`) at the moment it comes,
except a start whose postStart hook runs: that is folded in when the hook is over, with the time at
which it came. Life owns the plan of restarts. The Starter gets a place back, the Stopper takes a
replica down, and Health begins and ends probing when Life tells them to.
"""

from collections.abc import Callable
from dataclasses import replace

from kfsim.api.core import Container
from kfsim.base.clock import Clock
from kfsim.base.errors import KfsimError
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.health import Health
from kfsim.controllers.pod.hooks import Hook, Hooks, find_post_start
from kfsim.controllers.pod.replica import Note, PendingStart, Replica, Stage, all_ended
from kfsim.controllers.pod.restarts import Restarts
from kfsim.controllers.pod.runner import Runner
from kfsim.controllers.pod.starting import Starter
from kfsim.controllers.pod.stopping import Stopper
from kfsim.controllers.runtime.recorder import NORMAL, WARNING
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaBackend, ReplicaEvent, ReplicaEventKind
from kfsim.replicas.failures import describe_failure, resolve_retry
from kfsim.replicas.status import resolve_phase


class Life:
    """Follows what the backend tells about each replica."""

    def __init__(
        self,
        *,
        clock: Clock,
        backend: ReplicaBackend,
        runner: Runner,
        hooks: Hooks,
        health: Health,
        starter: Starter,
        stopper: Stopper,
        wake: Callable[[ReplicaKey, float], None],
    ) -> None:
        """`wake(key, after)` asks for a reconcile of that Pod."""
        self._clock = clock
        self._backend = backend
        self._runner = runner
        self._hooks = hooks
        self._health = health
        self._starter = starter
        self._stopper = stopper
        self._wake = wake
        self._restarts = Restarts(clock=clock, wake=wake, restart=self._restart)

    def resume(self, replica: Replica) -> None:
        """Go on with a replica that was adopted; its probes begin anew."""
        self._locate(replica)
        for container in replica.running_containers():
            self._health.watch(replica, container.name, started=self._clock.now())

    def tend(self, replica: Replica) -> None:
        """Restart what has waited for its back-off."""
        self._restarts.tend(replica)

    def on_event(self, replica: Replica, event: ReplicaEvent) -> None:
        """What the backend tells about the replica, in the order in which it happened."""
        match event.kind:
            case ReplicaEventKind.GONE:
                self._on_gone(replica, event)
            case ReplicaEventKind.NOTED:
                kind = WARNING if event.warning else NORMAL
                replica.notes.append(Note(kind, event.reason, event.message))
            case ReplicaEventKind.FAILED:
                self._on_failed(replica, event)
            case ReplicaEventKind.INIT_STARTED | ReplicaEventKind.STARTED:
                self._on_started(replica, event)
            case ReplicaEventKind.INIT_EXITED | ReplicaEventKind.EXITED:
                self._on_exited(replica, event)
        self._wake(replica.key, 0.0)

    # A start

    def _on_started(self, replica: Replica, event: ReplicaEvent) -> None:
        name = event.container
        self._restarts.started(replica, name)
        replica.notes.append(Note(NORMAL, "Created", f"Created container: {name}"))
        replica.notes.append(Note(NORMAL, "Started", f"Started container {name}"))
        container = replica.container(name)
        if event.kind is ReplicaEventKind.STARTED and not replica.ending and container is not None:
            self._locate(replica)
            start = PendingStart(event, wall=self._clock.wall(), now=self._clock.now())
            self._begin(replica, container, start)
        else:
            self._observe(replica, event)

    def _begin(self, replica: Replica, container: Container, start: PendingStart) -> None:
        """The container shows as running, and is probed, once its postStart hook is over."""
        name, handler = container.name, find_post_start(container)
        replica.pending[name] = start
        if handler is None:
            self._on_post_start(replica, name, "")
            return
        hook = Hook(replica.key, name, handler, replica.where)
        self._hooks.post_start(hook, lambda problem: self._on_post_start(replica, name, problem))

    def _on_post_start(self, replica: Replica, name: str, problem: str) -> None:
        started = replica.pending[name].now
        self._settle(replica, name)
        if not problem:
            self._health.watch(replica, name, started=started)
        elif replica.stage is Stage.LIVE:
            replica.notes.append(Note(WARNING, "FailedPostStartHook", "PostStartHook failed"))
            replica.notes.append(Note(NORMAL, "Killing", "FailedPostStartHook"))
            replica.verdict = (lifecycle.POST_START_ERROR, problem)
            self._stopper.replace_for(replica, name, replica.grace)
        self._wake(replica.key, 0.0)

    def _settle(self, replica: Replica, name: str) -> None:
        """Show that a container has started."""
        start = replica.pending.pop(name, None)
        if start is not None:
            replica.state = lifecycle.observe(
                replica.state, start.event, wall=start.wall, now=start.now
            )

    def _locate(self, replica: Replica) -> None:
        if replica.spec is not None:
            try:
                address = self._backend.address(replica.key, replica.spec.serving_port)
            except KfsimError:  # known later; the Pod shows no IP until then
                return
            replica.address = address.host

    # An end

    def _on_exited(self, replica: Replica, event: ReplicaEvent) -> None:
        self._health.forget(replica, event.container)
        self._hooks.forget(replica.key, event.container)
        self._settle(replica, event.container)
        self._observe(replica, event)
        if replica.ending or replica.stage is Stage.REPLACING:
            return
        if event.kind is ReplicaEventKind.EXITED or event.exit_code:
            self._starter.release(replica)
        if _is_restarted(replica, event):
            self._restarts.after_exit(replica, event.container)
        elif resolve_phase(replica.state, restart_policy=replica.restart_policy) in (
            "Succeeded",
            "Failed",
        ):
            self._stopper.finish(replica)

    def _on_failed(self, replica: Replica, event: ReplicaEvent) -> None:
        if replica.state.find(event.container) is None:
            event = replace(event, container=replica.state.serving)
        self._health.forget(replica, event.container)
        self._observe(replica, event)
        record = replica.state.find(event.container)
        image = "" if record is None else record.image
        replica.notes.extend(
            Note(WARNING, reason, text)
            for reason, text in describe_failure(event.reason, event.message, image=image)
        )
        self._starter.release(replica)
        if not replica.ending and record is not None:
            self._restarts.after_failure(replica, record, resolve_retry(event.reason))

    def _on_gone(self, replica: Replica, event: ReplicaEvent) -> None:
        self._health.forget_all(replica)
        self._hooks.forget_all(replica.key)
        self._starter.release(replica)
        replica.present = False
        for name in tuple(replica.pending):
            self._settle(replica, name)
        replica.state = all_ended(replica.state, wall=self._clock.wall())
        if replica.ending:
            self._stopper.end(replica)
        elif replica.stage is Stage.REPLACING:
            replica.stage = Stage.LIVE
            if replica.verdict is not None:
                replica.state = lifecycle.explain_end(
                    replica.state, replica.blamed, *replica.verdict
                )
                replica.verdict = None
            self._restarts.after_exit(replica, replica.blamed)
        else:
            self._stopper.end(replica)
            text = event.message or "The replica disappeared without being asked to stop"
            replica.state = lifecycle.fail_replica(replica.state, "ReplicaLost", text)
            replica.notes.append(Note(WARNING, "ReplicaLost", text))

    def _observe(self, replica: Replica, event: ReplicaEvent) -> None:
        replica.state = lifecycle.observe(
            replica.state, event, wall=self._clock.wall(), now=self._clock.now()
        )

    def _restart(self, replica: Replica, container: str) -> None:
        if replica.ending:
            return
        replica.state = lifecycle.restarting(replica.state, container, now=self._clock.now())
        if replica.present and replica.outdated:
            self._stopper.replace_for(replica, container, replica.grace)
        elif replica.present:
            self._runner.restart(replica, container)
        else:
            self._runner.start(replica)


def _is_restarted(replica: Replica, event: ReplicaEvent) -> bool:
    if event.kind is ReplicaEventKind.INIT_EXITED:
        return event.exit_code != 0 and replica.restart_policy != "Never"
    policy = replica.restart_policy
    return policy == "Always" or (policy == "OnFailure" and event.exit_code != 0)
