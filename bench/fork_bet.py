"""Bet (b): is a fork server for scikit-learn reliable and fast, and does nothing outlive it?

    python bench/fork_bet.py [FORKS]

Forks model servers through the process backend one after another, asks each for a prediction over
HTTP as soon as it answers, and stops it. Prints hangs, and the times from `start` and from the fork
to the first answer; then runs two replicas of one custom command side by side; then kills a daemon
with SIGKILL and looks for processes that are left.
"""

import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import joblib
import uvloop
from sklearn.datasets import load_iris
from sklearn.svm import SVC

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kfsim.backends.process.backend import ProcessBackend  # noqa: E402  # needs the path above
from kfsim.backends.process.linux import descendants, start_ticks  # noqa: E402
from kfsim.backends.process.settings import ProcessSettings  # noqa: E402
from kfsim.base.clock import RealClock  # noqa: E402
from kfsim.base.entropy import SystemEntropy  # noqa: E402
from kfsim.replicas.backend import ReplicaEventKind, ReplicaSpec  # noqa: E402
from tests.backends.support import (  # noqa: E402
    Events,
    make_model_spec,
    make_spec,
    web_container,
)

BODY = b'{"instances":[[6.8,2.8,4.8,1.4]]}'
REQUEST = (
    b"POST /v1/models/iris:predict HTTP/1.1\r\nhost: iris\r\ncontent-length: %d\r\n"
    b"connection: close\r\n\r\n" % len(BODY)
) + BODY
HANG_SECONDS = 10.0


async def first_answer(backend: ProcessBackend, spec: ReplicaSpec, request: bytes) -> bytes:
    """Connect until the server listens, then ask once."""
    address = backend.address(spec.key, 8080)
    while True:
        with contextlib.suppress(ConnectionError):
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(request)
            answer = await reader.read()
            writer.close()
            return answer
        await asyncio.sleep(0.001)


def make_backend(state: str) -> ProcessBackend:
    return ProcessBackend(
        state_dir=Path(state),
        clock=RealClock(),
        entropy=SystemEntropy(),
        settings=ProcessSettings(preload_later=(), kept_logs=20),
    )


async def fork_many(backend: ProcessBackend, events: Events, model: str, count: int) -> None:
    hangs, wrong = 0, 0
    whole: list[float] = []
    forked: list[float] = []
    for number in range(count + 1):
        spec = make_model_spec(model, name=f"fork-{number}")
        started = time.perf_counter()
        await backend.start(spec)
        await events.wait(spec.key, ReplicaEventKind.STARTED, "kserve-container")
        running = time.perf_counter()
        try:
            async with asyncio.timeout(HANG_SECONDS):
                answer = await first_answer(backend, spec, REQUEST)
            wrong += not answer.endswith(b'{"predictions":[1]}')
        except TimeoutError:
            hangs += 1
        ended = time.perf_counter()
        if number:  # the first one waits for the template's imports
            whole.append((ended - started) * 1000)
            forked.append((ended - running) * 1000)
        await backend.stop(spec.key, grace_seconds=5)
        events.all.clear()
    print(f"forks {count}, hangs {hangs}, wrong answers {wrong}")
    for name, values in (("start to first answer", whole), ("fork to first answer", forked)):
        cuts = statistics.quantiles(values, n=100)
        print(f"{name}: p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, max {max(values):.1f} ms")


async def side_by_side(backend: ProcessBackend, events: Events) -> None:
    specs = [make_spec(web_container(), name=f"custom-{number}") for number in (1, 2)]
    pids = []
    for spec in specs:
        await backend.start(spec)
    for spec in specs:
        await events.wait(spec.key, ReplicaEventKind.STARTED)
        answer = await first_answer(backend, spec, b"GET / HTTP/1.0\r\n\r\n")
        pids.append(json.loads(answer.partition(b"\r\n\r\n")[2])["pid"])
    ports = [backend.address(spec.key, 8080).port for spec in specs]
    print(f"two replicas of one command: pids {pids}, ports {ports}")
    for spec in specs:
        await backend.stop(spec.key, grace_seconds=5)


async def orphans(model: str) -> None:
    with tempfile.TemporaryDirectory() as state:
        daemon = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "tests/backends/daemon_script.py"), state, model),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert daemon.stdout is not None
        supervisor = json.loads(await daemon.stdout.readline())["supervisor"]
        below = [supervisor, *descendants(supervisor)]
        killed = time.perf_counter()
        daemon.kill()
        await daemon.wait()
        left = below
        while left and time.perf_counter() - killed < HANG_SECONDS:
            left = [pid for pid in left if start_ticks(pid) is not None]
            await asyncio.sleep(0.001)
        took = (time.perf_counter() - killed) * 1000
        print(
            f"kill -9 of the daemon: {len(below)} processes, {len(left)} left after {took:.0f} ms"
        )


def make_model(folder: Path) -> Path:
    folder.mkdir()
    flowers, kinds = load_iris(return_X_y=True)
    joblib.dump(SVC(gamma="scale").fit(flowers, kinds), folder / "model.joblib")
    return folder


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        model = make_model(Path(scratch, "model"))
        backend = make_backend(str(Path(scratch, "state")))
        events = Events(backend)
        await backend.open()
        try:
            await fork_many(backend, events, str(model), count)
            await side_by_side(backend, events)
        finally:
            await backend.close()
        await orphans(str(model))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
