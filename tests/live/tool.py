"""A project of its own and the `kfsim` command on it, as a user would run it."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from kfsim.daemon.replicas import state_label
from tests.engines.command import DEFAULT_URL, DockerCommand
from tests.waiting import wait_until

T = TypeVar("T")
INPUT = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
# A cluster that forgets quickly: the shortest windows that Knative accepts.
IMPATIENT = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: config-autoscaler
  namespace: knative-serving
data:
  stable-window: 6s
  scale-to-zero-grace-period: 1s
"""


@dataclass
class Kfsim:
    """One project: a folder of manifests, a state directory, and commands on them."""

    folder: Path
    docker_host: str = ""
    """The engine's URL, where it is not the environment's."""
    prefix: tuple[str, ...] = ()
    """A program that starts the commands, and with them the daemon."""
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def manifests(self) -> Path:
        return self.folder / "manifests"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("KFSIM_")}
        return {
            **kept,
            **({"DOCKER_HOST": self.docker_host} if self.docker_host else {}),
            "KFSIM_STATE_DIR": str(self.state),
            "XDG_STATE_HOME": str(self.folder / "xdg"),
            "COLUMNS": "200",
        }

    @property
    def command(self) -> list[str]:
        """The start of every command line."""
        return [*self.prefix, sys.executable, "-m", "kfsim"]

    def write(self, name: str, text: str) -> Path:
        path = self.manifests / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def service(self, name: str, model: Path | str, *, extra: str = "", head: str = "") -> Path:
        """A manifest of an sklearn InferenceService; `extra` goes below predictor."""
        text = (
            "apiVersion: serving.kserve.io/v1beta1\n"
            "kind: InferenceService\n"
            f"metadata:\n  name: {name}\n{head}"
            "spec:\n  predictor:\n"
            f"{extra}"
            "    model:\n      modelFormat:\n        name: sklearn\n"
            f"      storageUri: {model}\n"
        )
        return self.write(f"{name}.yaml", text)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """A command that goes on running."""
        process = subprocess.Popen(
            [*self.command, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        return process

    def run(self, *words: str, check: bool = True, stdin: str | None = None) -> str:
        """A command's output, standard error included; `check` wants exit code 0."""
        done = self.attempt(*words, stdin=stdin)
        if check and done.returncode != 0:
            pytest.fail(f"kfsim {' '.join(words)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def attempt(self, *words: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.command, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            input=stdin,
            timeout=150,
        )

    def up(self, *words: str, check: bool = True) -> str:
        """`kfsim up -d` on any free ports."""
        return self.run(
            "up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", *words, check=check
        )

    @property
    def daemon(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.state / "daemon.json").read_text())
        return content

    def kill_daemon(self) -> None:
        """SIGKILL; returns when the daemon is gone."""
        pid = self.daemon["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in self.descendants(), what="the daemon is gone")

    def objects(self, *words: str) -> list[dict[str, Any]]:
        listing = json.loads(self.run("get", *words, "-o", "json"))
        items: list[dict[str, Any]] = listing.get("items", [listing])
        return items

    def object(self, *words: str) -> dict[str, Any]:
        return self.objects(*words)[0]

    def post(
        self,
        name: str,
        body: Any = None,
        *,
        path: str | None = None,
        raw: bytes | None = None,
        timeout: float = 60.0,
    ) -> tuple[int, Any, dict[str, str]]:
        """A prediction through the gateway: status, answer, headers."""
        address = f"http://{self.daemon['gateway']}/serving/default/{name}"
        url = address + (path or f"/v1/models/{name}:predict")
        data = raw if raw is not None else json.dumps(INPUT if body is None else body).encode()
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return response.status, json.loads(response.read()), dict(response.headers)
        except urllib.error.HTTPError as error:
            with error:
                content = error.read()
                try:
                    answer = json.loads(content)
                except ValueError:
                    answer = content.decode()
                return error.code, answer, dict(error.headers)

    @property
    def docker(self) -> DockerCommand:
        return DockerCommand(self.docker_host or os.environ.get("DOCKER_HOST") or DEFAULT_URL)

    def containers(self, *words: str) -> list[str]:
        """The ids of the project's containers in the engine; `words` select among those that run,
        `--all` is all. Raises RuntimeError where no engine answers."""
        label = f"--filter=label=kfsim.dev/state={state_label(self.state)}"
        return self.docker.run("ps", "--quiet", "--no-trunc", label, *words).split()

    def networks(self) -> list[str]:
        """The ids of the project's networks in the engine."""
        label = f"--filter=label=kfsim.dev/state={state_label(self.state)}"
        return self.docker.run("network", "ls", "--quiet", label).split()

    def in_engine(self) -> list[str]:
        """Everything of the project that is in the engine; nothing where no engine answers."""
        try:
            return self.containers("--all") + self.networks()
        except RuntimeError:
            return []

    def replica_pids(self) -> list[int]:
        """Processes whose working directory lies in our state directory."""
        return [pid for pid in _processes() if _working_directory(pid).startswith(str(self.state))]

    def descendants(self) -> list[int]:
        """All living processes that were started with our state directory in their environment
        or arguments, ourselves excluded."""
        wanted = str(self.state).encode()
        return [
            pid
            for pid in _processes()
            if pid != os.getpid() and wanted in _read(f"/proc/{pid}/cmdline")
        ]


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _working_directory(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
