"""Lifecycle hooks: postStart before a container counts as running, preStop before SIGTERM.

A hook is a command, one GET or a pause (pkg/kubelet/lifecycle/handlers.go). Any HTTP answer is a
success, whatever its status. Messages are kubelet's; they may quote what a command printed, so they
go into the container's status and into no Event.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple

from kfsim.api.core import Container, HTTPGetAction, HTTPHeader, LifecycleHandler, Probe
from kfsim.base.errors import KfsimError
from kfsim.base.tasks import TaskSet
from kfsim.base.types import ReplicaKey
from kfsim.replicas.backend import ReplicaBackend

USER_AGENT = "kube-lifecycle/1.32"
_MOST_OUTPUT = 1024
# A GET after the start has no limit of its own on a cluster; a probe needs one. Seconds.
_NO_LIMIT = 24 * 3600


class Hook(NamedTuple):
    """One hook of one container; `where` is kubelet's Pod text `name_namespace(uid)`."""

    key: ReplicaKey
    container: str
    handler: LifecycleHandler
    where: str


def find_post_start(container: Container) -> LifecycleHandler | None:
    return None if container.lifecycle is None else container.lifecycle.post_start


def find_pre_stop(container: Container) -> LifecycleHandler | None:
    return None if container.lifecycle is None else container.lifecycle.pre_stop


class Hooks:
    """Runs hooks through the backend; one task per container that starts, one per stop."""

    def __init__(self, *, backend: ReplicaBackend) -> None:
        self._backend = backend
        self._tasks = TaskSet("hooks")
        self._running: dict[tuple[ReplicaKey, str], asyncio.Task[None]] = {}

    def post_start(self, hook: Hook, done: Callable[[str], None]) -> None:
        """Run a hook without a limit; `done` is told why it failed, or "" when it did not."""

        async def run() -> None:
            done(await self._run(hook, limit=_NO_LIMIT))

        self._spawn(hook.key, hook.container, run())

    def pre_stop(
        self, hooks: Sequence[Hook], *, limit: float, done: Callable[[Sequence[str]], None]
    ) -> None:
        """Run the hooks of one replica side by side for at most `limit` seconds; `done` is told
        which containers' hooks failed. One that is not ready in time is given up silently."""
        failed: list[str] = []

        async def run_one(hook: Hook) -> None:
            if await self._run(hook, limit=limit):
                failed.append(hook.container)

        async def run() -> None:
            try:
                async with asyncio.timeout(limit), asyncio.TaskGroup() as group:
                    for hook in hooks:
                        group.create_task(run_one(hook))
            except TimeoutError:
                pass
            done(failed)

        self._spawn(hooks[0].key, "", run())

    def forget(self, key: ReplicaKey, container: str) -> None:
        """Give up the container's postStart hook; nothing more is told about it."""
        task = self._running.pop((key, container), None)
        if task is not None:
            task.cancel()

    def forget_all(self, key: ReplicaKey) -> None:
        """Give up all hooks of a replica."""
        for known, container in tuple(self._running):
            if known == key:
                self.forget(key, container)

    async def close(self) -> None:
        self._running.clear()
        await self._tasks.close()

    def _spawn(self, key: ReplicaKey, container: str, coroutine: Coroutine[Any, Any, None]) -> None:
        self.forget(key, container)
        task = self._tasks.spawn(coroutine, name=f"{key}/{container}")
        self._running[key, container] = task
        task.add_done_callback(lambda ended: self._ended(key, container, ended))

    def _ended(self, key: ReplicaKey, container: str, task: asyncio.Task[None]) -> None:
        if self._running.get((key, container)) is task:
            del self._running[key, container]

    async def _run(self, hook: Hook, *, limit: float) -> str:
        try:
            return await run_hook(self._backend, hook, limit=limit)
        except KfsimError as error:  # the container went away meanwhile, or cannot be asked
            return error.message


async def run_hook(backend: ReplicaBackend, hook: Hook, *, limit: float) -> str:
    """Why the hook failed, or "". Raises what the backend raises."""
    key, container, handler, where = hook
    whose = f'for Container "{container}" in Pod "{where}" failed - error:'
    if handler.exec is not None:
        command = handler.exec.command
        code, output = await backend.exec(key, container, command)
        if code == 0:
            return ""
        said = output[-_MOST_OUTPUT:].decode(errors="replace")
        words = " ".join(command)
        ended = f"command '{words}' exited with {code}: {said}"
        return f'Exec lifecycle hook ([{words}]) {whose} {ended}, message: "{said}"'
    if handler.http_get is not None:
        probe = Probe(http_get=_introduced(handler.http_get), timeout_seconds=math.ceil(limit))
        result = await backend.probe(key, container, probe)
        if result.success or result.status is not None:
            return ""
        return f"HTTP lifecycle hook ({handler.http_get.path or ''}) {whose} {result.message}"
    if handler.sleep is not None:
        await asyncio.sleep(handler.sleep.seconds)
        return ""
    return "Cannot run handler: invalid handler; use exec, httpGet or sleep"


def _introduced(action: HTTPGetAction) -> HTTPGetAction:
    if any(each.name.lower() == "user-agent" for each in action.http_headers):
        return action
    header = HTTPHeader(name="User-Agent", value=USER_AGENT)
    return action.replaced(http_headers=(*action.http_headers, header))
