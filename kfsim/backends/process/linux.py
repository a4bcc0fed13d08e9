"""What Linux offers to leave no orphan: subreaper, parent-death signal, /proc. No-ops elsewhere.

Without them (macOS) only the bookkeeping of daemon and supervisor remains: process groups are
killed when the channel breaks, but a process that left its group can survive.
"""

import ctypes
import os
import signal
import sys
import time

IS_LINUX = sys.platform == "linux"
_LOOKS, _LOOK_SECONDS = 10, 0.005
_SET_NAME = 15
_SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> None:
    """Orphaned descendants become children of this process."""
    if IS_LINUX:
        _libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """SIGKILL this process when `parent`, its parent, ends; at once when it already has."""
    if IS_LINUX:
        _libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def set_process_name(name: str) -> None:
    """What `ps` and `top` show as the command (at most 15 bytes)."""
    if IS_LINUX:
        _libc.prctl(_SET_NAME, name.encode()[:15], 0, 0, 0)


def start_ticks(pid: int) -> int | None:
    """When the process started; tells a process from a later one with the same pid."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] == b"Z" else int(fields[19])


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return [int(each) for each in file.read().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """All processes below a process, parents before children."""
    found: list[int] = []
    level = children(pid)
    while level:
        found += level
        level = [below for each in level for below in children(each)]
    return found


def has_environment(pid: int, entry: bytes) -> bool:
    """Whether the process was started with this `NAME=value`.

    In the middle of its exec a process shows no environment at all, when its parent already
    takes it for started (fs/proc/base.c environ_read): such a one is looked at again, for 50 ms.
    """
    for _ in range(_LOOKS):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = file.read()
        except OSError:
            return False
        if environment:
            return entry in environment.split(b"\0")
        time.sleep(_LOOK_SECONDS)
    return False


def process_name(pid: int) -> str:
    """What `set_process_name` set in that process."""
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:
            return file.read().decode(errors="replace").strip()
    except OSError:
        return ""


def thread_count() -> int:
    """Threads of this process."""
    return len(os.listdir("/proc/self/task")) if IS_LINUX else 1
