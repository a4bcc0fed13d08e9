"""Waiting, and looking at a store's child processes."""

import os
from collections.abc import Callable
from pathlib import Path

from kfsim.backends.process.linux import children
from kfsim.testing.waiting import wait_until

PATIENCE = 30.0


async def wait_for(condition: Callable[[], object]) -> None:
    await wait_until(condition, what="a condition of the test", timeout=PATIENCE)


def workers() -> list[int]:
    """Child processes that are workers of a store, ended ones that nobody waited for included."""
    found = []
    for pid in children(os.getpid()):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"kfsim.backends.storage.worker" in command or not command:
            found.append(pid)
    return found


def waits_for_a_lock(pid: int) -> bool:
    """Whether the process wants a lock of a file that another one holds."""
    waiting = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(words[1] == "->" and words[5] == str(pid) for words in waiting)
