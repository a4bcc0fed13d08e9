"""Lifecycle hooks: what each kind does, and who is told."""

import asyncio

import pytest

from kfsim.api.core import LifecycleHandler
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.hooks import Hook, Hooks, run_hook
from kfsim.replicas.backend import ProbeResult
from kfsim.simulation.loop import run_virtual, running_loop
from kfsim.testing.backend import FakeBackend
from tests.controllers.pod.scripts import FAILED_HOOK

KEY = ReplicaKey("default", "iris")
WHERE = "iris_default(u)"


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
