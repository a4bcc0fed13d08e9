"""Commands beside a container (exec)."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

from kfsim.backends.docker.connection import Client
from kfsim.backends.docker.engine import Engine, EngineRefused

_MOST_OUTPUT = 2**20
_LOOKS = 100
_LOOK_SECONDS = 0.02


async def run_command(
    engine: Engine, container_id: str, command: Sequence[str]
) -> tuple[int, bytes]:
    """Exit code and combined output, of which the first MiB is kept.

    The output is read in a thread of its own: a command that hangs must not hold one of the eight.
    Cancelling stops reading; the engine has no way to end the command itself.
    """
    ids: list[str] = []

    def begin(client: Client) -> Iterable[bytes]:
        ids.append(client.exec_create(container_id, list(command))["Id"])
        stream: Iterable[bytes] = client.exec_start(ids[0], stream=True)
        return stream

    output = bytearray()
    async with contextlib.aclosing(engine.stream(begin, what="run a command")) as chunks:
        async for chunk in chunks:
            output += chunk[: _MOST_OUTPUT - len(output)]
    for _ in range(_LOOKS):
        found = await engine.call("inspect a command", lambda client: client.exec_inspect(ids[0]))
        # The output may end a moment before the engine has seen the process end.
        if not found.get("Running") and found.get("ExitCode") is not None:
            return int(found["ExitCode"]), bytes(output)
        await asyncio.sleep(_LOOK_SECONDS)
    raise EngineRefused("the command closed its output and still runs", status=0)
