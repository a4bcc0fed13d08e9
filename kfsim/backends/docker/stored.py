"""Reading a log wherever it is: with the engine while the container exists, else in its file."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from kfsim.backends.docker.containers import Attempt
from kfsim.backends.docker.engine import Engine, EngineRefused
from kfsim.backends.docker.logs import read_live
from kfsim.backends.logfolders import LogFolders
from kfsim.replicas.backend import LogOptions


async def read_logs(
    engine: Engine,
    folders: LogFolders,
    path: Path,
    options: LogOptions,
    attempt: Attempt | None,
) -> AsyncIterator[bytes]:
    """`attempt` is the one whose log it is, as long as it is not stored."""
    if attempt is not None and attempt.running:
        with contextlib.suppress(_Removed):
            async with contextlib.aclosing(_read_live(engine, attempt, options)) as lines:
                async for line in lines:
                    yield line
            return
    if attempt is not None:
        await engine.wait_for(attempt.stored)
    async for line in folders.read(path, options, is_written=lambda: False):
        yield line


class _Removed(Exception):
    """The container ended and was removed before its log was opened."""


async def _read_live(
    engine: Engine, attempt: Attempt, options: LogOptions
) -> AsyncGenerator[bytes, None]:
    tty = bool(attempt.run.container.tty)
    begun = False
    source = engine.stream(
        lambda client: read_live(client, attempt.id, options, tty=tty), what="read a log"
    )
    try:
        async with contextlib.aclosing(source) as lines:
            async for line in lines:
                begun = True
                yield line
    except EngineRefused as error:
        if error.status == 404 and not begun:
            raise _Removed from error
        raise
