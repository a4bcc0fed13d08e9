"""Which daemon a client command means.

In order: `--api`, `--state-dir`, `--project`, KFSIM_API, KFSIM_STATE_DIR, the project of the
current folder, the only one running. The command line wins over the environment.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from kfsim.base.errors import Unavailable
from kfsim.daemon.project import (
    DAEMON,
    DaemonInfo,
    find_holder,
    is_running,
    projects_home,
    read_daemon,
    running_daemons,
)


def find_daemon(*, project: str | None = None, state_dir: str | None = None) -> DaemonInfo:
    """Raises Unavailable naming what was looked for and what runs."""
    if state_dir:
        return _of_folder(Path(state_dir), f"state directory {state_dir}")
    if project:
        for info in running_daemons():
            if info.project == project:
                return info
        return _of_folder(projects_home() / project, f"project {project}")
    if address := os.environ.get("KFSIM_API"):
        return DaemonInfo(0, "", address, "", "", "", "")
    if folder := os.environ.get("KFSIM_STATE_DIR"):
        return _of_folder(Path(folder), f"state directory {folder} (KFSIM_STATE_DIR)")
    running = list(running_daemons())
    if own := _own(running):
        return own
    if len(running) == 1:
        return running[0]
    if not running:
        raise Unavailable("no kfsim daemon is running; start one with `kfsim up`")
    raise Unavailable(
        f"{len(running)} daemons are running and none belongs to this folder: {_listed(running)}; "
        "name one with --project or --api"
    )


def find_own() -> DaemonInfo | None:
    """The running daemon of the project of the current folder."""
    return _own(running_daemons())


def _own(running: Iterable[DaemonInfo]) -> DaemonInfo | None:
    here = os.path.realpath(os.curdir)
    mine = [info for info in running if info.root and _belongs(here, info.root)]
    return max(mine, key=lambda info: len(info.root), default=None)


def _of_folder(folder: Path, what: str) -> DaemonInfo:
    running = is_running(folder)
    info = read_daemon(folder) if running else None
    if running and info is None:
        pid = find_holder(folder) or "PID"
        raise Unavailable(
            f"a daemon runs for {what} (pid {pid}), but {folder / DAEMON}, which tells its "
            "addresses, cannot be read. If it is not just starting or stopping, end it "
            f"(kill {pid}) and `kfsim up` brings everything back"
        )
    if info is None:
        raise Unavailable(
            f"no kfsim daemon is running for {what}{_others()}; start one with `kfsim up`"
        )
    return info


def _others() -> str:
    listed = _listed(running_daemons())
    return f" (running: {listed})" if listed else ""


def _listed(daemons: Iterable[DaemonInfo]) -> str:
    return ", ".join(f"{info.project} ({info.api})" for info in daemons)


def _belongs(here: str, root: str) -> bool:
    """Whether a project with this root is the current folder's: it is it, in it, or around it."""
    folder = root if os.path.isdir(root) else os.path.dirname(root)
    return here == folder or here == os.path.dirname(folder) or here.startswith(folder + os.sep)
