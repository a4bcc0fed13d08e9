"""The ends of one replica's containers: noticed, told, and cleared away.

    the engine's event → last words → EXITED → the log is stored → the container is removed

An end is told as soon as its last words are known and is never cancelled; an engine that goes away
in between is waited for.
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from kfsim.backends.docker.connection import Client
from kfsim.backends.docker.containers import Attempt, Stage
from kfsim.backends.docker.ending import Exit, describe_end, look, plain_exit
from kfsim.backends.docker.engine import Engine, EngineRefused, EngineUnavailable
from kfsim.backends.docker.events import ContainerEnd
from kfsim.backends.docker.logs import store_log
from kfsim.backends.docker.making import ContainerMaker, remove
from kfsim.backends.docker.telling import Teller
from kfsim.backends.logs import log_path
from kfsim.base.tasks import TaskSet

_LAST_WORDS_SECONDS = 2.0
_STORE_SECONDS = 120.0


class Endings:
    """Follows the attempts of one replica until nothing of them is left."""

    def __init__(
        self,
        *,
        engine: Engine,
        maker: ContainerMaker,
        teller: Teller,
        logs: Path,
        forget: Callable[[Attempt], None],
        name: str,
    ) -> None:
        """`forget` hears of attempts whose container is not there any more."""
        self._engine = engine
        self._maker = maker
        self._teller = teller
        self._logs = logs
        self._forget = forget
        self._attempts: dict[Attempt, None] = {}
        self._tasks = TaskSet(f"docker-end/{name}")

    def follow(self, attempt: Attempt) -> None:
        """Feel responsible for a new attempt."""
        self._attempts[attempt] = None

    def attempt_of(self, log: Path) -> Attempt | None:
        """The attempt whose log will be stored in that file, unless it is already."""
        return next((each for each in self._attempts if self._log_of(each) == log), None)

    def _log_of(self, attempt: Attempt) -> Path:
        return log_path(self._logs, attempt.run.name, attempt.number)

    # Ends that come by themselves

    def ended(self, attempt: Attempt, end: ContainerEnd) -> None:
        """The engine told the end of this attempt's container; later reports are ignored."""
        if attempt.stage is Stage.STARTING:
            attempt.early_end = attempt.early_end or end
        elif attempt.stage is Stage.RUNNING:
            attempt.stage = Stage.ENDED
            self._tasks.spawn(self._end(attempt, end), name=f"end {attempt.run.name}")

    async def check(self, attempt: Attempt) -> None:
        """Look whether the container still runs, after events may have been missed. Raises
        EngineUnavailable."""
        if attempt.stage is Stage.RUNNING:
            end = await self._engine.call(
                f"inspect container {attempt.run.name}", lambda client: look(client, attempt.id)
            )
            if end is not None:
                self.ended(attempt, end)

    def check_soon(self, attempt: Attempt) -> None:
        """The same in the background; looked at again when an engine that is away is back."""

        async def check() -> None:
            with contextlib.suppress(EngineUnavailable):
                await self.check(attempt)

        self._tasks.spawn(check(), name=f"check {attempt.run.name}")

    async def _end(self, attempt: Attempt, end: ContainerEnd) -> None:
        how = await self._describe(attempt, end)
        attempt.run.exit_code = how.code
        if not attempt.replaced:
            self._teller.exited(attempt.run, how)
        attempt.ended.set()
        await self._store(attempt)
        self._settle(attempt)

    async def _describe(self, attempt: Attempt, end: ContainerEnd) -> Exit:
        known = plain_exit(end)
        if end.exit_code is not None and end.exit_code != 0:
            with contextlib.suppress(EngineRefused, EngineUnavailable):  # told without last words
                known = await self._engine.call(
                    "describe an ended container",
                    lambda client: describe_end(client, end),
                    timeout=_LAST_WORDS_SECONDS,
                )
        written = await asyncio.to_thread(
            self._maker.termination_message, attempt.run.name, attempt.number
        )
        return Exit(known.code, known.signal, known.reason, written or known.message)

    async def _store(self, attempt: Attempt) -> None:
        path, tty = self._log_of(attempt), bool(attempt.run.container.tty)
        steps: list[tuple[str, Callable[[Client], None]]] = [
            ("read a log", lambda client: store_log(client, attempt.id, path, tty=tty)),
            ("remove a container", lambda client: remove(client, attempt.id)),
        ]
        for what, step in steps:
            while True:
                try:
                    await self._engine.call(what, step, timeout=_STORE_SECONDS)
                    break
                except EngineUnavailable:
                    await self._engine.until_available()
                except (EngineRefused, OSError):  # removed by somebody else, a full disk
                    break

    # Ends that are wanted

    def discard(self, attempt: Attempt) -> None:
        """Remove what a failed start left, in the background."""
        attempt.stage = Stage.ENDED
        self._tasks.spawn(self._discard(attempt), name=f"discard {attempt.run.name}")

    async def _discard(self, attempt: Attempt) -> None:
        # The log to show is that of the last attempt that ran.
        await asyncio.to_thread(self._log_of(attempt).unlink, missing_ok=True)
        if attempt.id:
            with contextlib.suppress(EngineRefused, EngineUnavailable):  # left to the next resync
                await self._engine.call(
                    "remove a container that did not start",
                    lambda client: remove(client, attempt.id),
                )
        self._settle(attempt)

    def _settle(self, attempt: Attempt) -> None:
        self._forget(attempt)
        self._attempts.pop(attempt, None)
        attempt.ended.set()
        attempt.stored.set()

    async def terminate_all(self, grace: float) -> None:
        """End everything and wait until nothing is left. Raises EngineUnavailable."""
        await asyncio.gather(*(self.terminate(each, grace) for each in tuple(self._attempts)))
        for attempt in tuple(self._attempts):
            await self._engine.wait_for(attempt.stored)

    async def terminate(self, attempt: Attempt, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds. Raises EngineUnavailable.

        The engine's own stop is not used: it would hold one of eight threads all the while.
        """
        if attempt.stage is not Stage.RUNNING:
            return
        if grace > 0:
            await self._signal(attempt, None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._engine.wait_for(attempt.ended)
        if attempt.stage is Stage.RUNNING:
            await self._signal(attempt, "SIGKILL")
        await self._engine.wait_for(attempt.ended)

    async def _signal(self, attempt: Attempt, signal: str | None) -> None:
        """Send the signal; None: the image's STOPSIGNAL, or SIGTERM."""

        def kill(client: Client) -> None:
            chosen = signal
            if chosen is None:
                config = client.inspect_container(attempt.id)["Config"]
                chosen = config.get("StopSignal") or "SIGTERM"
            client.kill(attempt.id, chosen)

        try:
            await self._engine.call(f"stop container {attempt.run.name}", kill)
        except EngineRefused:  # it has ended meanwhile
            await self.check(attempt)

    async def close(self) -> None:
        """Leave what runs alone."""
        await self._tasks.close()
