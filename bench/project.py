"""A kfsim project for a measurement, and the figures of its processes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COMPILED = ROOT / "build/compiled"
MODEL = ROOT / "examples/sklearn-iris/model"
BODY = ROOT / "examples/sklearn-iris/iris-input.json"
_TICKS = os.sysconf("SC_CLK_TCK")


def environment() -> dict[str, str]:
    """Ours, with byte code cached and the compiled request path, as on a user's machine."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KFSIM_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept["PYTHONSAFEPATH"] = "1"  # else `-m` finds the sources in the working directory first
    kept["PYTHONPATH"] = os.pathsep.join(map(str, (COMPILED, ROOT)))
    return kept


class Project:
    """A folder of manifests and a daemon; stopped and removed at the end."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kfsim-bench-")
        self.folder = Path(self._folder.name)
        self.manifests = self.folder / "manifests"
        self.manifests.mkdir()
        self.state = self.folder / "state"

    def __enter__(self) -> "Project":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.run("down", check=False)
        self._folder.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        return {**environment(), "KFSIM_STATE_DIR": str(self.state)}

    def run(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "kfsim", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"kfsim {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def up(self, *words: str) -> str:
        return self.run("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", *words)

    def write_service(
        self, name: str, *, predictor: str = "", annotations: dict[str, str] | None = None
    ) -> None:
        head = "".join(f'    {key}: "{value}"\n' for key, value in (annotations or {}).items())
        (self.manifests / f"{name}.yaml").write_text(
            "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\n"
            f"metadata:\n  name: {name}\n"
            + (f"  annotations:\n{head}" if head else "")
            + "spec:\n  predictor:\n"
            + predictor
            + "    model:\n      modelFormat: {name: sklearn}\n"
            f"      storageUri: {MODEL}\n"
        )

    @property
    def daemon(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.state / "daemon.json").read_text())
        return content

    def pids(self) -> list[int]:
        """The daemon and all its living descendants."""
        parents: dict[int, int] = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                parents[int(name)] = int(fields[1])
        found = [int(self.daemon["pid"])]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes so far."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


_WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open("%s", "rb")
wrk.body = file:read("*a")
file:close()
function done(summary, latency, requests)
  io.write(string.format(
    '\\n{"requests": %%d, "seconds": %%f, "p50_ms": %%f, "p99_ms": %%f, "failed": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, summary.errors.status + summary.errors.connect
      + summary.errors.read + summary.errors.timeout))
end
"""


def load_generator() -> str:
    """Which load generator `closed_loop` uses here: wrk where it is installed, because one in
    Python takes a core that the measured processes would share."""
    return "wrk" if shutil.which("wrk") else "closed_loop.py"


def closed_loop(
    address: str, path: str, *, connections: int, seconds: float, body: Path = BODY
) -> dict[str, Any]:
    """POST the body over and over on each connection, from a process of its own.

    Gives requests, seconds, p50_ms, p99_ms and failed (answers other than 2xx and 3xx).
    """
    if load_generator() == "wrk" and seconds >= 1:
        return _wrk(address, path, connections=connections, seconds=seconds, body=body)
    words = [address, path, str(body), str(connections), str(seconds)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench/closed_loop.py"), *words],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    result["failed"] = sum(n for code, n in result["statuses"].items() if code[0] not in "23")
    return result


def _wrk(
    address: str, path: str, *, connections: int, seconds: float, body: Path
) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_WRK_SCRIPT % body)
        script.flush()
        done = subprocess.run(
            [
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{seconds:g}s",
                "-s",
                script.name,
                f"http://{address}{path}",
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + 60,
        )
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def seconds_of(command: list[str], *, runs: int = 5) -> list[float]:
    """Wall seconds of a whole process, after one run that is not counted."""
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        subprocess.run(command, env=environment(), check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return times[1:]
