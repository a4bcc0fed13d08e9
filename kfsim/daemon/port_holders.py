"""Who listens on a port, for the message about one that is taken; what cannot be known is left out.

Other projects' daemons are known by their own records; of other processes Linux tells those of the
same user.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from kfsim.daemon.project import DaemonInfo, running_daemons

_LISTEN: Final = "0A"  # TCP_LISTEN in include/net/tcp_states.h
_TABLES: Final = ("tcp", "tcp6")


def describe_holder(port: int) -> str:
    """`the gateway of kfsim project demo`, `nginx (pid 123)`, or empty."""
    return _daemon_on(port, running_daemons()) or _process_on(port)


def _daemon_on(port: int, daemons: Iterable[DaemonInfo]) -> str:
    for info in daemons:
        for what, address in (("gateway", info.gateway), ("API", info.api)):
            if address.rpartition(":")[2] == str(port):
                return f"the {what} of kfsim project {info.project}"
    return ""


def _process_on(port: int) -> str:
    wanted = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not wanted:
        return ""
    for folder in Path("/proc").glob("[0-9]*"):
        if wanted.intersection(_open_files(folder)):
            return f"{_program(folder)} (pid {folder.name})"
    return ""


def _listening_inodes(port: int) -> Iterator[str]:
    for table in _TABLES:
        try:
            lines = Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:  # not Linux
            continue
        yield from parse_listening(lines, port)


def parse_listening(lines: Iterable[str], port: int) -> Iterator[str]:
    """The inodes of sockets that listen on the port, of /proc/net/tcp's lines."""
    for line in lines:
        fields = line.split()
        if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
            yield fields[9]


def _open_files(folder: Path) -> Iterator[str]:
    try:
        for name in os.listdir(folder / "fd"):
            yield os.readlink(folder / "fd" / name)
    except OSError:  # another user's, or it ended
        return


def _program(folder: Path) -> str:
    try:
        return (folder / "comm").read_text().strip()
    except OSError:
        return "a process"
