"""Looks at the machine: limits, memory, ports, names."""

import errno
import os
import resource
import socket
from collections.abc import Iterable
from pathlib import Path

from kfsim.cli.doctor.network import PortFacts
from kfsim.daemon.project import DaemonInfo

_LISTENING = "0A"
_NAME = "kfsim-doctor.default.localhost"


def open_file_limits() -> tuple[int, int]:
    """Soft and hard; -1 is unlimited."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _limit(soft), _limit(hard)


def _limit(value: int) -> int:
    return -1 if value == resource.RLIM_INFINITY else value


def inotify_limit(name: str) -> int | None:
    """`max_user_watches` or `max_user_instances`; None off Linux."""
    try:
        return int(Path(f"/proc/sys/fs/inotify/{name}").read_text())
    except (OSError, ValueError):
        return None


def available_memory() -> int | None:
    """Bytes, as Linux estimates them; None elsewhere."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def resolves_localhost_names() -> bool:
    """Whether the system's resolver leads a name below localhost to loopback."""
    try:
        found = socket.getaddrinfo(_NAME, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(str(address[0]) in ("127.0.0.1", "::1") for *_, address in found)


def look_at_port(address: str, purpose: str, daemons: Iterable[DaemonInfo]) -> PortFacts:
    """Whether HOST:PORT can be listened at, and who does."""
    host, _, number = address.rpartition(":")
    port = int(number)
    for each in daemons:
        if address in (each.gateway, each.api):
            return PortFacts(port, purpose, free=False, ours=each.project)
    try:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
            tried.listen()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return PortFacts(port, purpose, free=False, holder=find_listener(port))
        return PortFacts(port, purpose, free=False, error=error.strerror or str(error))
    return PortFacts(port, purpose, free=True)


def find_listener(port: int) -> str:
    """`NAME (pid N)` of who listens; empty where this user may not see it."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return ""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _holds(folder, sockets):
            return f"{_read(folder / 'comm').strip()} (pid {folder.name})"
    return ""


def _listening_inodes(port: int) -> list[str]:
    found = []
    for table in ("tcp", "tcp6"):
        for line in _read(Path("/proc/net") / table).splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                found.append(fields[9])
    return found


def _holds(folder: Path, sockets: set[str]) -> bool:
    try:
        return any(os.readlink(each) in sockets for each in (folder / "fd").iterdir())
    except OSError:  # gone, or another user's
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
