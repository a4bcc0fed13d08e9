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

import ipaddress
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from tests.engines.command import DockerCommand, problem_of

_PATIENCE = 60.0
_HOOK = "nvidia-container-runtime-hook"


def missing_for_private_engine() -> str:
    """What this machine lacks to run one; empty when nothing."""
    if os.geteuid() != 0:
        return "a dockerd of the test's own needs root"
    if shutil.which("dockerd", path=_search_path()) is None:
        return "a dockerd of the test's own needs dockerd (Debian: docker.io)"
    if shutil.which("ip", path=_search_path()) is None:
        return "a dockerd of the test's own needs ip (Debian: iproute2)"
    return ""


class PrivateEngine:
    """`start`, `stop`, `kill` and `restart` act on dockerd; `close` removes every trace."""

    def __init__(self) -> None:
        self.name = f"kfsim{uuid.uuid4().hex[:8]}"  # an interface's name has at most 15 bytes
        self._folder = Path(tempfile.gettempdir(), self.name)
        self._folder.mkdir(mode=0o700)
        self._socket = self._folder / "docker.sock"
        self.url = f"unix://{self._socket}"
        self.command = DockerCommand(self.url)
        self.log = self._folder / "dockerd.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._bridges = {self.name}
        hook = self._folder / "bin" / _HOOK
        hook.parent.mkdir()
        # GPU requests are refused unless dockerd finds this program when it starts.
        hook.write_text("#!/bin/sh\nexit 0\n")
        hook.chmod(0o755)
        (self._folder / "daemon.json").write_text("{}")  # not the machine's own
        self._make_bridge()
        self._let_bridged_traffic_pass("-I")

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
                env={**os.environ, "PATH": f"{self._folder / 'bin'}:{_search_path()}"},
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
        for pid in _processes_of(self._folder):
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
        if networks := self._network_ids():
            self.command.run("network", "rm", *networks)

    def close(self) -> None:
        """Stop it and remove its processes, mounts, bridges, firewall rule and folder."""
        try:
            self.start()
            self.clear()
        finally:
            self.stop()
            for pid in _processes_of(self._folder):
                os.kill(pid, signal.SIGKILL)
            for target in _mounts_below(self._folder):
                subprocess.run(["umount", "--lazy", target], check=False)
            for bridge in self._bridges & set(os.listdir("/sys/class/net")):
                subprocess.run(["ip", "link", "delete", bridge], check=False)
            self._let_bridged_traffic_pass("-D")
            shutil.rmtree(self._folder, ignore_errors=True)

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
            self._bridges |= {f"br-{each}" for each in self._network_ids()}
            self._process.send_signal(number)
        self._process.wait(_PATIENCE)
        self._process = None

    def _network_ids(self) -> list[str]:
        return self.command.run("network", "ls", "--quiet", "--filter", "type=custom").split()

    def _make_bridge(self) -> None:
        for words in (
            ["link", "add", "name", self.name, "type", "bridge"],
            ["address", "add", _free_address(), "dev", self.name],
            ["link", "set", self.name, "up"],
        ):
            subprocess.run(["ip", *words], check=True)

    def _let_bridged_traffic_pass(self, action: str) -> None:
        if shutil.which("iptables", path=_search_path()) is not None:
            rule = ["FORWARD", "-m", "physdev", "--physdev-is-bridged", "-j", "ACCEPT"]
            subprocess.run(
                ["iptables", "--wait", action, *rule],
                env={**os.environ, "PATH": _search_path()},
                capture_output=True,
                check=False,
            )


def _search_path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _free_address() -> str:
    """An address with a /24 that no route overlaps; two test runs begin at different ones."""
    taken = list(_routes())
    for step in range(100):
        subnet = ipaddress.ip_network(f"10.{100 + (os.getpid() + step) % 100}.255.0/24")
        if not any(subnet.overlaps(route) for route in taken):
            return f"{subnet[1]}/24"
    raise RuntimeError("no free 10.100-199.255.0/24 for a test engine's bridge")


def _routes() -> Iterator[ipaddress.IPv4Network]:
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        address, mask = (int.from_bytes(bytes.fromhex(fields[i]), "little") for i in (1, 7))
        if mask:  # the default route overlaps everything
            yield ipaddress.IPv4Network((address, mask.bit_count()))


def _processes_of(folder: Path) -> Iterator[int]:
    """containerd and its shims: they have the engine's folder in their arguments."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has just ended
            if any(word.startswith(os.fsencode(folder)) for word in words):
                yield int(entry.name)


def _mounts_below(folder: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    targets = [line.split()[1] for line in lines]
    return sorted((each for each in targets if each.startswith(f"{folder}/")), reverse=True)
