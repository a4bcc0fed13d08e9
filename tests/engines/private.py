"""A second dockerd that a test may restart, kill and start again.

It shares the machine's network namespace with the engine that may already run there, so that its
containers' bridge addresses can be reached; it must not disturb that engine. A dockerd that manages
iptables flushes Docker's chains when it starts, and one with `--bridge=none` or with a
`default-address-pool` deletes docker0. So this one has a bridge of its own and `--iptables=false`,
and one rule lets containers of one bridge talk to each other where the other engine's policy for
forwarding is DROP. They cannot reach the internet. For its networks it picks addresses that no
route overlaps, as every dockerd does. Everything else is its own: socket, folders, containerd
namespaces.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from tests.engines import host
from tests.engines.command import DockerCommand, problem_of

_PATIENCE = 60.0
_HOOK = "nvidia-container-runtime-hook"


def missing_for_private_engine() -> str:
    """What this machine lacks to run one; empty when nothing."""
    if os.geteuid() != 0:
        return "a dockerd of the test's own needs root"
    if shutil.which("dockerd", path=host.search_path()) is None:
        return "a dockerd of the test's own needs dockerd (Debian: docker.io)"
    if shutil.which("ip", path=host.search_path()) is None:
        return "a dockerd of the test's own needs ip (Debian: iproute2)"
    return ""


class PrivateEngine:
    """`start`, `stop`, `kill` and `restart` act on dockerd; `close` removes every trace."""

    def __init__(self) -> None:
        self.name = (
            f"{host.PREFIX}{uuid.uuid4().hex[:8]}"  # an interface's name has at most 15 bytes
        )
        self._folder = Path(tempfile.gettempdir(), self.name)
        host.sweep(self._folder.parent)
        self._folder.mkdir(mode=0o700)
        (self._folder / host.OWNER).write_text(str(os.getpid()))
        self._socket = self._folder / "docker.sock"
        self.url = f"unix://{self._socket}"
        self.command = DockerCommand(self.url)
        self.log = self._folder / "dockerd.log"
        self._process: subprocess.Popen[bytes] | None = None
        hook = self._folder / "bin" / _HOOK
        hook.parent.mkdir()
        # GPU requests are refused unless dockerd finds this program when it starts.
        hook.write_text("#!/bin/sh\nexit 0\n")
        hook.chmod(0o755)
        (self._folder / "daemon.json").write_text("{}")  # not the machine's own
        host.make_bridge(self.name)
        host.let_bridged_traffic_pass("-I")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start dockerd unless it runs; returns when it answers."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments(),
                env={**os.environ, "PATH": f"{self._folder / 'bin'}:{host.search_path()}"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _PATIENCE
        while problem := problem_of(self.url):
            if not self.running or time.monotonic() > deadline:
                lines = self.log.read_text(errors="replace").splitlines()[-20:]
                raise RuntimeError("\n".join([f"dockerd did not start: {problem}", *lines]))
            time.sleep(0.05)

    def stop(self) -> None:
        """SIGTERM: dockerd stops its containers and ends."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, its containerd included; containers are orphans until dockerd starts again."""
        self._end(signal.SIGKILL)
        # dockerd would wait for the containerd that this file names, were it only a zombie by now.
        pid_file = self._folder / "exec/containerd/containerd.pid"
        for pid in host.processes_of(self._folder):
            if pid_file.exists() and pid == int(pid_file.read_text()):
                os.kill(pid, signal.SIGKILL)
        pid_file.unlink(missing_ok=True)

    def restart(self) -> None:
        self.stop()
        self.start()

    def clear(self) -> None:
        """Remove all containers and networks; images stay."""
        if containers := self.command.run("ps", "--all", "--quiet").split():
            self.command.run("rm", "--force", "--volumes", *containers)
        words = ["network", "ls", "--quiet", "--filter", "type=custom"]
        if networks := self.command.run(*words).split():
            self.command.run("network", "rm", *networks)

    def close(self) -> None:
        """Stop it and remove its processes, mounts, bridges, firewall rule and folder."""
        try:
            self.start()
            self.clear()
        finally:
            self.stop()
            host.remove_traces(self._folder)

    def _arguments(self) -> list[str]:
        folder = self._folder
        # A test run that is killed takes its dockerd along.
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        return [
            *guard,
            "dockerd",
            f"--host={self.url}",
            f"--data-root={folder / 'data'}",
            f"--exec-root={folder / 'exec'}",
            f"--pidfile={folder / 'dockerd.pid'}",
            f"--containerd-namespace={self.name}",
            f"--containerd-plugins-namespace={self.name}-plugins",
            f"--config-file={folder / 'daemon.json'}",
            f"--bridge={self.name}",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-masq=false",
            "--shutdown-timeout=5",
        ]

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(number)
        self._process.wait(_PATIENCE)
        self._process = None
