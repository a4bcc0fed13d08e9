"""A tiny daemon for the orphan tests: starts replicas, names its supervisor, waits to be killed."""

import asyncio
import json
import sys
from pathlib import Path

from kfsim.backends.process.backend import ProcessBackend
from kfsim.backends.process.settings import ProcessSettings
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SystemEntropy
from kfsim.replicas.backend import ReplicaEventKind
from tests.backends.support import Events, make_model_spec, make_spec, script_container

# A shell that ignores SIGTERM, with a grandchild in a session of its own.
STUBBORN = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
signal.pause()
"""


async def main(state: str, model: str) -> None:
    backend = ProcessBackend(
        state_dir=Path(state),
        clock=RealClock(),
        entropy=SystemEntropy(),
        settings=ProcessSettings(preload_later=()),
    )
    events = Events(backend)
    await backend.open()
    specs = [make_model_spec(model), make_spec(script_container(STUBBORN), name="stubborn")]
    for spec in specs:
        await backend.start(spec)
    for spec in specs:
        await events.wait(spec.key, ReplicaEventKind.STARTED, "kserve-container")
    print(json.dumps({"supervisor": backend.supervisor_pid}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
