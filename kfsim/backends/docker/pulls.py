"""Pulling: one pull per image and login at a time, however many containers wait for it.

A pull belongs to those who wait for it: when the last of them gives up, it is ended.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from kfsim.backends.docker.errors import EngineRefused, EngineUnavailable
from kfsim.backends.docker.pull_progress import PullMeter, PullProgress, find_error
from kfsim.backends.docker.references import Reference
from kfsim.backends.transfers import Transfer
from kfsim.base.tasks import TaskSet
from kfsim.replicas.backend import RegistryLogin

T = TypeVar("T")
Client = Any
# The engine says nothing while it waits for a registry that is slow to answer.
_SILENCE_SECONDS = 300


class ImageEngine(Protocol):
    """What images need of the engine."""

    def on_change(self, listener: Callable[[bool], None]) -> None: ...

    async def call(self, what: str, function: Callable[[Client], T]) -> T: ...

    def stream(self, function: Callable[[Client], Iterable[T]]) -> AsyncIterator[T]: ...


class PullFailed(Exception):
    """All attempts failed; `words` are the engine's."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(slots=True)
class _Pull:
    meter: PullMeter = field(default_factory=PullMeter)
    task: "asyncio.Task[Exception | None] | None" = None
    waiting: int = 0


_Key = tuple[str, tuple[RegistryLogin, ...]]


class Puller:
    """The pulls under way."""

    def __init__(self, engine: ImageEngine) -> None:
        self._engine = engine
        self._tasks = TaskSet("pulls")
        self._pulls: dict[_Key, _Pull] = {}

    def transfers(self) -> tuple[Transfer, ...]:
        """What is being pulled now."""
        found = ((canonical, each.meter.progress) for (canonical, _), each in self._pulls.items())
        return tuple(
            Transfer(f"image {canonical}", progress.current, progress.total or None)
            for canonical, progress in found
        )

    async def pull(self, reference: Reference, logins: tuple[RegistryLogin, ...]) -> None:
        """Pull the image, with each login in turn; without any, as the user's own docker would.

        Raises PullFailed and EngineUnavailable.
        """
        key = (reference.canonical, logins)
        pull = self._pulls.get(key)
        if pull is None:
            pull = self._pulls[key] = _Pull()
            work = self._run(key, pull, reference)
            pull.task = self._tasks.spawn(work, name=reference.canonical)
        assert pull.task is not None  # set just above, without a wait between
        pull.waiting += 1
        try:
            failure = await asyncio.shield(pull.task)
        finally:
            pull.waiting -= 1
            if pull.waiting == 0 and not pull.task.done():
                self._pulls.pop(key, None)
                pull.task.cancel()
        if failure is not None:
            raise failure

    def progress(self, reference: Reference) -> PullProgress | None:
        """How far the pull of this image is; None when there is none."""
        for (canonical, _), pull in self._pulls.items():
            if canonical == reference.canonical:
                return pull.meter.progress
        return None

    async def close(self) -> None:
        """End all pulls."""
        await self._tasks.close()

    async def _run(self, key: _Key, pull: _Pull, reference: Reference) -> Exception | None:
        """The failure is the result: whoever waits raises it, nobody logs it."""
        try:
            failures: dict[str, None] = {}
            for login in key[1] or (None,):
                words = await self._attempt(reference, login, pull.meter)
                if words is None:
                    return None
                failures[words] = None
            return PullFailed("; ".join(failures))
        except EngineUnavailable as error:
            return error
        finally:
            if self._pulls.get(key) is pull:
                del self._pulls[key]

    async def _attempt(
        self, reference: Reference, login: RegistryLogin | None, meter: PullMeter
    ) -> str | None:
        """The engine's words when it fails."""
        # None lets the SDK look for the registry in the user's own ~/.docker/config.json.
        auth = None if login is None else {"username": login.username, "password": login.password}

        def begin(client: Client) -> Iterable[Mapping[str, Any]]:
            client.timeout = _SILENCE_SECONDS
            messages: Iterable[Mapping[str, Any]] = client.pull(
                reference.repository,
                tag=reference.version,
                stream=True,
                decode=True,
                auth_config=auth,
            )
            return messages

        words: str | None = None
        try:
            async for message in self._engine.stream(begin):
                meter.read(message)
                words = find_error(message) or words
        except EngineRefused as error:
            return error.message
        return words
