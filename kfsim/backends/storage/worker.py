"""The program of a worker: one job from standard input, its outcome on standard output.

It ends at once when standard input closes, because then nobody waits for it: the daemon cancelled
the job or is gone. What it held in the cache is released with it, what it had begun is removed by
the next. See `jobs` for the messages.
"""

import errno
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from kfsim.backends.storage.cache import Cache
from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.placing import copy_place
from kfsim.backends.storage.settings import CACHE_DIR_VARIABLE, ArchiveLimits
from kfsim.base.clock import RealClock

Job = Mapping[str, Any]
_SECONDS_BETWEEN_REPORTS: Final = 0.2
# Headers of archives are read into memory whole, and say themselves how long they are.
_MEMORY_BYTES: Final = 2**31


class Reporter:
    """Tells the daemon how far the job is, now and then."""

    def __init__(self) -> None:
        self._clock = RealClock()
        self._due = self._clock.now()

    def __call__(self, current: int, total: int | None) -> None:
        if self._clock.now() >= self._due or current == total:
            self._due = self._clock.now() + _SECONDS_BETWEEN_REPORTS
            _send({"progress": [current, total]})


def _fetch(job: Job) -> dict[str, Any]:
    from kfsim.backends.storage.fetching import fetch_remote, unpack_local
    from kfsim.backends.storage.http_errors import Patience  # late: copies need no HTTP library

    limits = ArchiveLimits(**job["limits"])
    cache = _open_cache(job)
    if "path" in job:
        fetched = unpack_local(Path(job["path"]), cache, limits=limits)
    else:
        patience = Patience(connect=job["connect"], stall=job["stall"])
        fetched = fetch_remote(
            job["uri"], cache, patience=patience, limits=limits, report=Reporter()
        )
    return {"digest": fetched.digest, "note": fetched.note}


def _copy(job: Job) -> dict[str, Any]:
    copy_place(
        Path(job["source"]),
        Path(job["view"]),
        job["folder"],
        writable=job["writable"],
        report=Reporter(),
    )
    return {}


def _prune(job: Job) -> dict[str, Any]:
    return {"freed": _open_cache(job).prune(unused_since=job["unused_since"])}


def _open_cache(job: Job) -> Cache:
    cache = Cache(Path(job["cache"]), epoch=job["epoch"])
    try:
        cache.open()
    except OSError as error:
        raise StorageFailure(
            f"{job['what']}: the model cache {job['cache']} cannot be used: {_say(error)}; make it "
            f"writable, or choose another with {CACHE_DIR_VARIABLE}"
        ) from error
    return cache


_WORK: Final[Mapping[str, Callable[[Job], dict[str, Any]]]] = {
    "fetch": _fetch,
    "copy": _copy,
    "prune": _prune,
}


def main() -> None:
    """Do one job."""
    os.umask(0o077)
    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_daemon, daemon=True).start()
    _limit_memory()
    try:
        _send({"done": _WORK[job["op"]](job)})
    except StorageFailure as failure:
        _send({"failure": str(failure)})
    except OSError as error:
        _send({"failure": f"{job['what']}: {_say(error)}"})
    except MemoryError:
        _send({"failure": f"{job['what']}: it needs more than {_MEMORY_BYTES} bytes of memory"})
    except Exception as error:  # noqa: BLE001  # the top of a process: the daemon tells the user
        place = traceback.extract_tb(error.__traceback__)[-1]
        name = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
        # Without the error's own text, which may quote the URI.
        _send({"failure": f"{job['what']}: {name}, which is a fault of kfsim; report it"})


def _say(error: OSError) -> str:
    text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or "failed"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text += f"; make room, or choose another cache with {CACHE_DIR_VARIABLE}"
    return text


def _end_with_the_daemon() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not through the buffer: its lock outlives `main`
        pass
    os._exit(1)


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource  # nowhere else does the limit mean what it says

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = _MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, _MEMORY_BYTES)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _send(message: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
