"""exec probes with an injected runner."""

import asyncio
from collections.abc import Sequence

import pytest

from kfsim.backends.probing.command import probe_command


@pytest.mark.parametrize(
    ("code", "output", "message"),
    [
        (0, b"fine", ""),
        (1, b"no model\n", "no model"),
        (2, b"", "command ended with exit code 2"),
        (1, b"x" * 2000 + b"end", "x" * 1021 + "end"),
        (1, b"\xff", "�"),
    ],
    ids=["zero passes", "output is the message", "no output", "the end of much", "not text"],
)
async def test_exit_code_decides(code: int, output: bytes, message: str) -> None:
    ran: list[Sequence[str]] = []

    async def run(command: Sequence[str]) -> tuple[int, bytes]:
        ran.append(command)
        return code, output

    result = await probe_command(("check", "-x"), run=run, timeout=1)
    assert (result.success, result.message) == (code == 0, message)
    assert ran == [("check", "-x")]


async def test_command_that_does_not_end_is_cancelled() -> None:
    cancelled = asyncio.Event()

    async def run(command: Sequence[str]) -> tuple[int, bytes]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError("waited for nothing")

    result = await probe_command(("sleep", "9"), run=run, timeout=0.01)
    assert result.message == 'command timed out: "sleep 9" after 0.01s'
    assert cancelled.is_set()
