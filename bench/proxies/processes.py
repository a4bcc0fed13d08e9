"""Processes on chosen cores, and what they and the cores did."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.project import ROOT, environment

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # where Debian keeps nginx and haproxy


@dataclass(frozen=True, slots=True)
class Cores:
    """The measured proxy's core, and the list of the others as taskset takes it."""

    proxy: str
    others: str


@dataclass(frozen=True, slots=True)
class Proxy:
    """What is measured, by its processes; the upstream where nothing is between."""

    name: str
    port: int
    pid: int


def share_cores() -> Cores | None:
    """None where there is one core only, or no way to choose one (other systems than Linux)."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    first, *rest = sorted(os.sched_getaffinity(0))
    return Cores(str(first), ",".join(map(str, rest))) if rest else None


def find_tool(name: str) -> str | None:
    return shutil.which(name, path=_PATH)


def missing_tools(*names: str) -> list[str]:
    return [name for name in names if find_tool(name) is None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tree(pid: int) -> list[int]:
    """The process and its living descendants."""
    found = [pid]
    for each in found:
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{each}/task/{each}/children").read_text()
            found += map(int, children.split())
    return found


class Fleet:
    """Processes that end with the benchmark; their messages are told when one fails to start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def start(self, cores: str, *command: str) -> subprocess.Popen[str]:
        with Path(self.folder, f"{len(self._processes)}.log").open("w") as log:
            process = subprocess.Popen(
                ["taskset", "-c", cores, *command],
                stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
                env={**environment(), "PATH": _PATH},
            )  # fmt: skip
        self._processes.append(process)
        return process

    def start_at(self, port: int, cores: str, *command: str) -> subprocess.Popen[str]:
        """Start what listens on the port, and wait until it does."""
        process = self.start(cores, *command)
        wait_until(lambda: process.poll() is not None or is_open(port), f"{command[0]} to listen")
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(command)} ended:\n{self._log_of(process)}")
        return process

    def start_configured(
        self, tool: str, cores: str, option: str, make: Callable[[int], str]
    ) -> Proxy | None:
        """Start a proxy with the configuration made for its port; None where it is missing."""
        path = find_tool(tool)
        if path is None:
            return None
        port = free_port()
        config = self.write(f"{tool}-{port}", make(port))
        process = self.start_at(port, cores, path, option, config)
        return Proxy(tool, port, process.pid)

    def start_python(self, name: str, cores: str, *words: str) -> Proxy:
        """Start a proxy that runs in Python and prints its port."""
        process, (port,) = self.start_and_ask(cores, sys.executable, *words)
        return Proxy(name, port, process.pid)

    def start_and_ask(self, cores: str, *command: str) -> tuple[subprocess.Popen[str], list[int]]:
        """Start what prints its ports on its first line."""
        process = self.start(cores, *command)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            process.wait()
            raise RuntimeError(f"{' '.join(command)} ended:\n{self._log_of(process)}")
        return process, [int(word) for word in line.split()]

    def write(self, name: str, text: str) -> str:
        """A file of the fleet's folder; returns its path."""
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def _log_of(self, process: subprocess.Popen[str]) -> str:
        return Path(self.folder, f"{self._processes.index(process)}.log").read_text()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(holds: Callable[[], bool], what: str, *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)


def core_seconds(core: str) -> float:
    """Seconds that the core has worked so far, for whomever."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _wait, interrupt, soft_interrupt = map(int, fields[:7])
            return (user + nice + system + interrupt + soft_interrupt) * _TICK
    raise RuntimeError(f"/proc/stat knows no core {core}")
