"""The worker as a process: it ends with whoever started it, and says what went wrong."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from kfsim.backends.storage.requests import ModelPlace, ModelRequest
from kfsim.backends.storage.settings import ArchiveLimits
from kfsim.backends.storage.store import ModelStore
from tests.backends.storage.web import Web

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "-P", "-m", "kfsim.backends.storage.worker")
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "no_proxy": "*"}
PATIENCE = 30
DAEMON = """
import asyncio, sys
from pathlib import Path
from kfsim.backends.storage.requests import ModelPlace, ModelRequest
from kfsim.backends.storage.settings import ArchiveLimits
from kfsim.backends.storage.store import ModelStore

async def main(cache, url):
    store = ModelStore(cache_dir=Path(cache), claims=Path(cache))
    await store.provide(ModelRequest((ModelPlace(url),), "default", Path(cache) / "view"))

asyncio.run(main(*sys.argv[1:]))
"""


def make_job(cache_dir: Path, **job: Any) -> bytes:
    common = {"cache": str(cache_dir), "epoch": "e", "what": "cannot do it"}
    return json.dumps({**common, **job}).encode() + b"\n"


def run(job: bytes) -> dict[str, Any]:
    """The last message of a worker whose standard input stays open."""
    with subprocess.Popen(
        COMMAND, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(job)
        worker.stdin.flush()
        output = worker.stdout.read()
        assert worker.wait(PATIENCE) == 0
    last: dict[str, Any] = json.loads(output.splitlines()[-1])
    return last


def test_it_ends_when_its_standard_input_closes(web: Web, cache_dir: Path) -> None:
    url = web.put("/m", b"model")
    web.pages["/m"].gate = threading.Event()
    limits = {"files": 9, "unpacked_bytes": 9, "ratio": 9, "ratio_from": 9}
    job = make_job(cache_dir, op="fetch", uri=url, limits=limits, connect=5, stall=60)
    with subprocess.Popen(COMMAND, env=ENVIRONMENT, stdin=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        worker.stdin.write(job)
        worker.stdin.flush()
        assert web.arrived.wait(PATIENCE)
        worker.stdin.close()
        assert worker.wait(PATIENCE) == 1


async def test_a_daemon_that_is_killed_leaves_nothing_that_lasts(
    web: Web, tmp_path: Path, cache_dir: Path
) -> None:
    url = web.put("/m", b"model")
    web.pages["/m"].gate = threading.Event()
    daemon = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DAEMON, str(cache_dir), url),
        env={**os.environ, **ENVIRONMENT},
    )
    assert await asyncio.to_thread(web.arrived.wait, PATIENCE)
    assert len(os.listdir(cache_dir / "tmp")) == 1
    daemon.send_signal(signal.SIGKILL)
    await daemon.wait()
    web.put("/m", b"model")
    store = ModelStore(cache_dir=cache_dir, claims=tmp_path)
    # The lock of the URL comes free only when the worker of the dead daemon has ended.
    async with asyncio.timeout(PATIENCE):
        found = await store.provide(
            ModelRequest((ModelPlace(url),), "default", tmp_path / "view", host_links=True)
        )
    assert (found / "m").read_bytes() == b"model"
    assert os.listdir(cache_dir / "tmp") == []
    await store.close()


def test_an_error_of_the_disk_names_the_attempt(tmp_path: Path) -> None:
    job = make_job(
        *(tmp_path,),
        op="copy",
        source=str(tmp_path / "absent"),
        view=str(tmp_path / "view"),
        folder="",
        writable=True,
    )
    failure = f"cannot do it: {tmp_path / 'absent'}: No such file or directory"
    assert run(job) == {"failure": failure}


def test_a_fault_of_our_own_does_not_quote_the_job(tmp_path: Path) -> None:
    failure = run(make_job(tmp_path, op="fetch", uri="https://u:secret@h/m"))["failure"]
    assert failure.startswith("cannot do it: KeyError in worker.py:")
    assert "secret" not in failure


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_a_header_that_wants_all_memory_is_refused(tmp_path: Path, cache_dir: Path) -> None:
    header = tarfile.TarInfo("header")
    header.type = tarfile.XHDTYPE
    header.size = 7 * 2**30
    (tmp_path / "m.tgz").write_bytes(gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(9)))
    limits = asdict(ArchiveLimits())
    job = make_job(cache_dir, op="fetch", path=str(tmp_path / "m.tgz"), limits=limits)
    assert "needs more memory to unpack than a model may" in run(job)["failure"]
