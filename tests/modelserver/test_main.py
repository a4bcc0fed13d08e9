"""The server as a program: what a signal does before it serves."""

import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.modelserver.support import ROOT


class Slow:
    """A model whose loading takes longer than anybody waits."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("import signal; print('loading', flush=True); signal.pause()",)


def test_sigterm_while_the_model_loads_ends_it_with_the_signals_code(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Slow()))
    words = [sys.executable, "-m", "kfsim.modelserver", f"--model_dir={tmp_path}"]
    with subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"loading\n"
        process.send_signal(signal.SIGTERM)
        # As PID 1 of a container: a handler of its own, not the kernel's default action.
        assert process.wait(10) == 128 + signal.SIGTERM
