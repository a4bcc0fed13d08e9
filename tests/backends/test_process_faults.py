"""Processes of the process backend that are killed, and what is left: nothing."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kfsim.backends.process.backend import ProcessBackend
from kfsim.backends.process.linux import children, descendants, process_name
from kfsim.backends.process.settings import ProcessSettings
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SystemEntropy
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.waiting import wait_until
from tests.backends.contract import get, wait_ready
from tests.backends.support import (
    PATIENCE,
    Events,
    make_model_spec,
    make_spec,
    script_container,
    web_container,
)
from tests.backends.world import SERVER

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[ProcessBackend]:
    backend = ProcessBackend(
        state_dir=tmp_path / "state",
        clock=RealClock(),
        entropy=SystemEntropy(),
        settings=ProcessSettings(preload_later=()),
    )
    await backend.open()
    yield backend
    await backend.close()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


async def wait_until_dead(pids: list[int]) -> None:
    await wait_until(
        lambda: not any(map(is_alive, pids)), what=f"the end of {pids}", timeout=PATIENCE
    )


async def wait_for_descendants(pid: int, count: int) -> list[int]:
    def found() -> list[int]:
        below = descendants(pid)
        return below if len(below) >= count else []

    return await wait_until(found, what=f"{count} processes below {pid}", timeout=PATIENCE)


@pytest.mark.parametrize("victims", ["daemon", "supervisor first", "both at once"])
async def test_no_orphan_survives_a_killed_daemon(
    tmp_path: Path, model_dir: Path, victims: str
) -> None:
    script = str(ROOT / "tests/backends/daemon_script.py")
    daemon = await asyncio.create_subprocess_exec(
        *(sys.executable, script, str(tmp_path / "state"), str(model_dir)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert daemon.stdout is not None
    supervisor = json.loads(await daemon.stdout.readline())["supervisor"]
    # template, model server, the stubborn process and its grandchild
    below = await wait_for_descendants(supervisor, 4)
    if victims != "daemon":
        os.kill(supervisor, signal.SIGKILL)
    if victims == "supervisor first":
        await wait_until_dead([supervisor])
    daemon.kill()
    await daemon.wait()
    escaped_by_design = (
        [] if victims == "daemon" else [pid for pid in below if is_escaped(pid, below)]
    )
    await wait_until_dead([supervisor, *(pid for pid in below if pid not in escaped_by_design)])
    for pid in escaped_by_design:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def is_escaped(pid: int, below: list[int]) -> bool:
    """A process that left its group on purpose dies with the daemon, not with a killed supervisor:
    the kernel signals direct children alone, and the daemon knows process groups alone."""
    return pid == below[-1]


async def test_a_killed_supervisor_costs_its_replicas_and_is_replaced(
    backend: ProcessBackend, tmp_path: Path
) -> None:
    events = Events(backend)
    spec = make_spec(web_container())
    await backend.start(spec)
    await events.wait(spec.key, ReplicaEventKind.STARTED)
    await wait_ready(backend, spec)
    replica = int(str((await get(backend, spec))["pid"]))
    first = backend.supervisor_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    gone = await events.wait(spec.key, ReplicaEventKind.GONE)
    assert gone.reason == "SupervisorLost"
    await wait_until_dead([replica])
    await wait_until(
        lambda: backend.supervisor_pid not in (None, first),
        what="another supervisor",
        timeout=PATIENCE,
    )
    await backend.start(spec)
    await events.wait(spec.key, ReplicaEventKind.STARTED, count=2)
    await wait_ready(backend, spec)
    assert len(events.of(spec.key, ReplicaEventKind.GONE)) == 1


async def test_a_killed_template_is_replaced_and_its_replicas_live_on(
    backend: ProcessBackend, model_dir: Path
) -> None:
    events = Events(backend)
    first = make_model_spec(str(model_dir), name="first")
    await backend.start(first)
    await events.wait(first.key, ReplicaEventKind.STARTED, SERVER)
    await wait_ready(backend, first)
    assert backend.supervisor_pid is not None
    templates = [
        pid for pid in children(backend.supervisor_pid) if process_name(pid) == "kfsim-template"
    ]
    os.kill(templates[0], signal.SIGKILL)
    await wait_until_dead(templates)
    second = make_model_spec(str(model_dir), name="second")
    await backend.start(second)
    await events.wait(second.key, ReplicaEventKind.STARTED, SERVER)
    await wait_ready(backend, second)
    assert not events.of(first.key, ReplicaEventKind.EXITED)
    await wait_ready(backend, first)


async def test_a_helper_that_left_its_group_ends_with_its_replica(
    backend: ProcessBackend, tmp_path: Path
) -> None:
    events = Events(backend)
    script = (
        "import os, subprocess, sys\n"
        "helper = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'],"
        " start_new_session=True)\n"
        "print(helper.pid, flush=True)\n"
        "raise SystemExit(0)\n"
    )
    spec = make_spec(script_container(script))
    await backend.start(spec)
    exited = await events.wait(spec.key, ReplicaEventKind.EXITED)
    await wait_until_dead([int(exited.message)])


async def test_without_fork_server_the_model_is_served_by_a_fresh_interpreter(
    tmp_path: Path, model_dir: Path
) -> None:
    backend = ProcessBackend(
        state_dir=tmp_path / "state",
        clock=RealClock(),
        entropy=SystemEntropy(),
        settings=ProcessSettings(fork=False),
    )
    events = Events(backend)
    await backend.open()
    try:
        spec = make_model_spec(str(model_dir))
        await backend.start(spec)
        await events.wait(spec.key, ReplicaEventKind.STARTED, SERVER)
        await wait_ready(backend, spec)
    finally:
        await backend.close()


async def test_a_template_that_cannot_import_is_given_up(tmp_path: Path, model_dir: Path) -> None:
    backend = ProcessBackend(
        state_dir=tmp_path / "state",
        clock=RealClock(),
        entropy=SystemEntropy(),
        settings=ProcessSettings(preload_now=("no_such_framework",)),
    )
    events = Events(backend)
    await backend.open()
    try:
        spec = make_model_spec(str(model_dir))
        await backend.start(spec)
        await asyncio.gather(events.wait(spec.key, ReplicaEventKind.FAILED, SERVER))
        await backend.restart_container(spec.key, SERVER)
        await events.wait(spec.key, ReplicaEventKind.STARTED, SERVER)
        await wait_ready(backend, spec)
    finally:
        await backend.close()
    log = (tmp_path / "state/logs/supervisor.log").read_text()
    assert "No module named 'no_such_framework'" in log
