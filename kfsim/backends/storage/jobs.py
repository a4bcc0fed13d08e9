"""Work that would hold up the loop, in child processes: one process per job.

The job goes in as one line of JSON on standard input, so no URI shows among process arguments;
lines of JSON come back: `{"progress": [current, total]}`, any number of times, then
`{"done": {…}}` or `{"failure": text}`. The child ends when its standard input closes, and with it
when the daemon dies. Cancelling a job kills its process.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kfsim.backends.storage.failures import StorageFailure

Progress = Callable[[int, int | None], None]
"""Bytes so far, and of how many where that is known."""

_WORKER = "kfsim.backends.storage.worker"
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
_PASSED_ON = (
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip
_LINE_BYTES = 2**20


class Jobs:
    """Runs jobs, a few at a time."""

    def __init__(self, *, parallel: int) -> None:
        self._free = asyncio.Semaphore(parallel)

    async def run(self, job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """What the job gives. Raises StorageFailure."""
        async with self._free:
            process = await _start()
            try:
                return await _converse(process, job, progress)
            finally:
                if process.returncode is None:
                    process.kill()
                # To its end also where we are being cancelled: it holds locks of the cache.
                await process.wait()


def make_environment() -> dict[str, str]:
    """What a worker runs in: enough to find kfsim, proxies and certificates."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed | {"LANG": "C.UTF-8", "PYTHONPATH": str(_PACKAGE_ROOT)}


async def _start() -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", _WORKER),
            stdin=PIPE,
            stdout=PIPE,
            env=make_environment(),
            cwd="/",
            limit=_LINE_BYTES,
            start_new_session=True,  # a Ctrl-C in the terminal is the daemon's to handle
        )
    except OSError as error:
        raise StorageFailure(
            f"cannot start the process that fetches models: {error.strerror or error}"
        ) from error


async def _converse(process: Process, job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(job).encode() + b"\n")
    async for line in process.stdout:
        message = json.loads(line)
        if "progress" in message:
            progress(*message["progress"])
        elif "failure" in message:
            raise StorageFailure(message["failure"])
        else:
            done: dict[str, Any] = message["done"]
            return done
    status = await process.wait()
    raise StorageFailure(
        f"the process that fetches models ended unexpectedly with status {status}"
        + ("; it was killed, perhaps for want of memory" if status < 0 else "")
    )
