"""Lifecycle hooks: what each kind does, and what they do to a Pod."""

import asyncio

import pytest

from kfsim.api.core import Container, LifecycleHandler, PodSpec
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.hooks import Hook, Hooks, run_hook
from kfsim.replicas.backend import ProbeResult, ReplicaEventKind
from kfsim.simulation.loop import run_virtual, running_loop
from kfsim.testing.backend import FakeBackend
from kfsim.testing.scaling import SERVING, tell

KEY = ReplicaKey("default", "iris")
WHERE = "iris_default(u)"
STARTED, EXITED = ReplicaEventKind.STARTED, ReplicaEventKind.EXITED
FAILED_HOOK = ("sh", "-c", "exit 3")


class Hands(FakeBackend):
    """Knows every replica."""

    def _known(self, key):
        return None


def hook(handler, container="c"):
    return Hook(KEY, container, LifecycleHandler.model_validate(handler), WHERE)


def run(handler, backend, limit=30.0):
    return run_virtual(run_hook(backend, hook(handler), limit=limit))


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ((0, b"said"), ""),
        (
            (3, b"no lock"),
            (
                'Exec lifecycle hook ([sh -c exit 3]) for Container "c" in Pod "iris_default(u)"'
                " failed - error: command 'sh -c exit 3' exited with 3: no lock,"
                ' message: "no lock"'
            ),
        ),
    ],
)
def test_commands(result, problem):
    backend = Hands()
    backend.exec_results[FAILED_HOOK] = result
    assert run({"exec": {"command": FAILED_HOOK}}, backend) == problem
    assert backend.execs == [(KEY, "c", FAILED_HOOK)]


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (ProbeResult(success=True, status=200), ""),
        (ProbeResult(success=False, message="statuscode: 500", status=500), ""),
        (
            ProbeResult(success=False, message="refused"),
            (
                'HTTP lifecycle hook (/warm) for Container "c" in Pod "iris_default(u)" failed'
                " - error: refused"
            ),
        ),
    ],
    ids=["answered", "any status is an answer", "no answer"],
)
def test_requests(result, problem):
    backend = Hands()
    backend.results[KEY, "c"] = result
    assert run({"httpGet": {"path": "/warm", "port": 8080}}, backend, limit=2.5) == problem
    ((_, _, probe),) = backend.probes
    assert probe.timeout_seconds == 3
    headers = [(each.name, each.value) for each in probe.http_get.http_headers]
    assert headers == [("User-Agent", "kube-lifecycle/1.32")]


def test_own_user_agent_is_kept():
    backend = Hands()
    given = [{"name": "user-agent", "value": "mine"}]
    run({"httpGet": {"port": 1, "httpHeaders": given}}, backend)
    assert [each.value for each in backend.probes[0][2].http_get.http_headers] == ["mine"]


def test_sleeps():
    async def story():
        assert await run_hook(Hands(), hook({"sleep": {"seconds": 7}}), limit=1) == ""
        return running_loop().clock.now()

    assert run_virtual(story()) == 7


def test_handlers_that_kubernetes_does_not_run():
    assert run({"tcpSocket": {"port": 1}}, Hands()).startswith("Cannot run handler")


def play(story):
    async def main():
        backend = Hands()
        hooks = Hooks(backend=backend)
        try:
            await story(hooks, backend, running_loop().clock)
        finally:
            await hooks.close()

    run_virtual(main())


def test_hooks_before_a_stop_run_side_by_side():
    async def story(hooks, backend, clock):
        told = asyncio.get_running_loop().create_future()
        backend.exec_results[FAILED_HOOK] = (3, b"")
        pauses = [hook({"sleep": {"seconds": each}}) for each in (3, 5)]
        broken = hook({"exec": {"command": FAILED_HOOK}}, "broken")
        hooks.pre_stop((*pauses, broken), limit=9, done=told.set_result)
        assert await told == ["broken"]
        assert clock.now() == 5

    play(story)


def test_hooks_before_a_stop_end_with_the_grace_period():
    async def story(hooks, backend, clock):
        told = asyncio.get_running_loop().create_future()
        hooks.pre_stop([hook({"sleep": {"seconds": 60}})], limit=9, done=told.set_result)
        assert await told == []
        assert clock.now() == 9

    play(story)


def test_what_is_forgotten_tells_nothing():
    async def story(hooks, backend, clock):
        told = []
        hooks.post_start(hook({"sleep": {"seconds": 5}}, "a"), told.append)
        hooks.post_start(hook({"sleep": {"seconds": 5}}, "b"), told.append)
        hooks.forget(KEY, "a")
        await asyncio.sleep(10)
        assert told == [""]
        hooks.pre_stop([hook({"sleep": {"seconds": 5}})], limit=9, done=told.append)
        hooks.forget_all(KEY)
        await asyncio.sleep(10)
        assert told == [""]

    play(story)


def test_a_container_that_went_away_is_a_failure():
    async def story(hooks, backend, clock):
        told = asyncio.get_running_loop().create_future()
        hooks.post_start(hook({"exec": {"command": ["true"]}}), told.set_result)
        assert await told == "replica default/iris is not running"

    async def main():
        hooks = Hooks(backend=FakeBackend())
        await story(hooks, None, None)
        await hooks.close()

    run_virtual(main())


# What hooks do to a Pod


def hooked(post_start=None, pre_stop=None, grace=None, **fields):
    lifecycle = {"postStart": post_start, "preStop": pre_stop}
    container = Container.model_validate({"name": SERVING, "lifecycle": lifecycle, **fields})
    return PodSpec(containers=(container,), termination_grace_period_seconds=grace)


def status_of(world):
    return world.pod.status.container_statuses[0]


def test_a_container_is_not_running_before_its_post_start_hook_is_over():
    async def story(world):
        world.apply_revision(spec=hooked({"sleep": {"seconds": 5}}))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(4.9)
        assert status_of(world).state.waiting.reason == "ContainerCreating"
        assert world.events("Started") == [f"Started container {SERVING}"]
        assert world.private_endpoints().subsets == ()
        await world.advance(0.2)
        assert status_of(world).state.running.started_at == "2000-01-01T00:00:00Z"
        assert status_of(world).ready

    tell(story)


def test_probes_begin_after_the_post_start_hook():
    async def story(world):
        ready = {"httpGet": {"port": 8080}}
        world.apply_revision(spec=hooked({"sleep": {"seconds": 5}}, readinessProbe=ready))
        await world.settle()
        world.hands.ready(world.key, SERVING)
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(4.9)
        assert world.hands.probes == []
        await world.advance(0.2)
        assert status_of(world).ready

    tell(story)


def test_a_failed_post_start_hook_ends_the_container_and_backs_off():
    async def story(world):
        world.hands.exec_results[FAILED_HOOK] = (3, b"no lock")
        world.apply_revision(spec=hooked({"exec": {"command": FAILED_HOOK}}))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert world.events("FailedPostStartHook") == ["PostStartHook failed"]
        assert "FailedPostStartHook" in world.events("Killing")
        assert len(world.hands.stopped) == 1
        waiting = status_of(world).state.waiting
        assert waiting.reason == "PostStartHookError"
        assert "exited with 3: no lock" in waiting.message
        assert len(world.hands.started) == 2  # the first restart is immediate
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert status_of(world).state.waiting.reason == "CrashLoopBackOff"
        assert len(world.hands.started) == 2
        world.hands.exec_results.clear()
        await world.advance(10.1)
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert status_of(world).ready
        assert status_of(world).restart_count == 2

    tell(story)


def test_a_container_that_ends_during_its_post_start_hook_has_crashed():
    async def story(world):
        world.apply_revision(spec=hooked({"sleep": {"seconds": 5}}))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(1)
        world.hands.emit(world.key, EXITED, SERVING, exit_code=1, message="boom")
        await world.advance(10)
        assert status_of(world).state.terminated.message == "boom"
        assert world.events("FailedPostStartHook") == []
        assert world.hands.restarted == [(world.key, SERVING)]

    tell(story)


async def _stop_ready(world, *, drained_after=0.0):
    await world.settle()
    world.hands.emit(world.key, STARTED, SERVING)
    await world.settle()
    key = world.key
    world.store.delete(type(world.pod), key.name, "default")
    await world.settle()
    await world.advance(drained_after)
    world.gate.finish(key)
    await world.settle()
    return key


def test_a_pre_stop_hook_runs_between_the_drain_and_the_stop():
    async def story(world):
        world.apply_revision(spec=hooked(None, {"sleep": {"seconds": 5}}, grace=20))
        key = await _stop_ready(world, drained_after=4)
        assert world.private_endpoints().subsets == ()
        await world.advance(4.9)
        assert world.hands.stopped == []
        await world.advance(0.2)
        assert world.hands.stopped == [(key, 11.0)]

    tell(story)


def test_a_pre_stop_hook_that_takes_too_long_leaves_two_seconds():
    async def story(world):
        world.apply_revision(spec=hooked(None, {"sleep": {"seconds": 60}}, grace=20))
        key = await _stop_ready(world)
        await world.advance(19.9)
        assert world.hands.stopped == []
        await world.advance(0.2)
        assert world.hands.stopped == [(key, 2.0)]
        assert world.events("FailedPreStopHook") == []

    tell(story)


def test_a_failed_pre_stop_hook_is_told_and_stops_nothing_from_ending():
    async def story(world):
        world.hands.exec_results[FAILED_HOOK] = (3, b"")
        world.hands.holds_stops = True
        world.apply_revision(spec=hooked(None, {"exec": {"command": FAILED_HOOK}}, grace=20))
        key = await _stop_ready(world)
        assert world.hands.stopped == [(key, 20.0)]
        assert world.events("FailedPreStopHook") == ["PreStopHook failed"]

    tell(story)


def test_a_replica_that_ends_by_itself_during_its_pre_stop_hook_is_let_go():
    async def story(world):
        world.apply_revision(spec=hooked(None, {"sleep": {"seconds": 60}}))
        key = await _stop_ready(world)
        world.hands.emit(key, ReplicaEventKind.GONE)
        await world.advance(100)
        assert world.hands.stopped == []
        assert key.name not in [each.metadata.name for each in world.pods()]

    tell(story)


@pytest.mark.parametrize(
    ("own", "grace"), [({}, 20.0), ({"terminationGracePeriodSeconds": 5}, 5.0)]
)
def test_a_failed_liveness_probe_runs_the_pre_stop_hook_within_its_own_grace(own, grace):
    async def story(world):
        alive = {"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 1, **own}
        spec = hooked(None, {"sleep": {"seconds": 1}}, grace=20, livenessProbe=alive)
        world.apply_revision(spec=spec)
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert world.events("Killing") == [
            f"Container {SERVING} failed liveness probe, will be restarted"
        ]
        assert world.hands.stopped == []
        await world.advance(1)
        assert world.hands.stopped == [(world.key, grace - 1)]

    tell(story)


def test_a_failed_startup_probe_uses_its_own_grace():
    async def story(world):
        starts = {
            "tcpSocket": {"port": 1},
            "failureThreshold": 1,
            "terminationGracePeriodSeconds": 1,
        }
        world.apply_revision(spec=hooked(grace=20, startupProbe=starts))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(1)
        assert world.hands.stopped == [(world.key, 2.0)]  # kubelet's least

    tell(story)
