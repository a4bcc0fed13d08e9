"""Checks of the machine: Python, limits, clock, memory."""

from datetime import UTC, datetime

from kfsim.cli.doctor.finding import Finding, note, ok, problem
from kfsim.cli.output import format_bytes

_OLDEST_PYTHON = (3, 11)
_FEW_FILES, _ENOUGH_FILES = 256, 4096
_ENOUGH_WATCHES, _ENOUGH_INSTANCES = 8192, 64
_DAY = 86400.0


def check_python(version: tuple[int, int, int]) -> Finding:
    shown = ".".join(map(str, version))
    if version[:2] < _OLDEST_PYTHON:
        return problem("python", shown, "kfsim needs Python 3.11 or newer")
    return ok("python", shown)


def check_open_files(soft: int, hard: int) -> Finding:
    """A request at a time takes two descriptors, a replica several; -1 is unlimited. The daemon
    raises the soft limit to the hard one for itself."""
    shown = f"{'unlimited' if soft < 0 else soft} (at most {'unlimited' if hard < 0 else hard})"
    mend = f"raise it: ulimit -{'H' if 0 <= hard < _ENOUGH_FILES else ''}n {_ENOUGH_FILES}"
    if 0 <= soft < _FEW_FILES:
        return problem("open files", shown, mend)
    if 0 <= hard < _ENOUGH_FILES:
        return note("open files", f"{shown}: enough for some hundred connections", mend)
    return ok("open files", shown)


def check_inotify(watches: int | None, instances: int | None) -> Finding | None:
    """None where the system has no such limits."""
    if watches is None or instances is None:
        return None
    shown = f"{watches} watches, {instances} instances"
    if watches < _ENOUGH_WATCHES or instances < _ENOUGH_INSTANCES:
        return note(
            "inotify",
            f"{shown}: `kfsim up` may miss edits beside other programs that watch files",
            f"raise it: sudo sysctl fs.inotify.max_user_watches={_ENOUGH_WATCHES * 8} "
            f"fs.inotify.max_user_instances={_ENOUGH_INSTANCES * 8}",
        )
    return ok("inotify", shown)


def check_clock(wall: float, *, installed: float) -> Finding:
    """`installed`: when kfsim's own files were written, which was not in the future."""
    shown = datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if wall < installed - _DAY:
        return problem(
            "clock",
            f"{shown} is before kfsim was installed, so certificates look invalid",
            "set the clock (timedatectl set-ntp true)",
        )
    return ok("clock", shown)


def check_memory(available: int | None, needed: int) -> Finding | None:
    """`needed`: what the manifests' containers ask for together, in bytes."""
    if available is None:
        return None
    shown = f"{format_bytes(available)} available"
    if not needed:
        return ok("memory", shown)
    shown += f", the manifests ask for {format_bytes(needed)}"
    if needed > available:
        return note(
            "memory",
            shown,
            "lower resources.requests.memory, or apply fewer services at a time; services at zero "
            "take none",
        )
    return ok("memory", shown)
