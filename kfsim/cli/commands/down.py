"""`kfsim down`: stop the replicas and the daemon; history is kept unless purged."""

import argparse
import os
import time
from pathlib import Path

from kfsim.base.errors import Timeout, Unavailable
from kfsim.cli.client import ApiClient
from kfsim.cli.commands.common import Subparsers, UsageError, add_parser
from kfsim.cli.discovery import find_daemon, find_own
from kfsim.cli.output import warn
from kfsim.daemon.project import (
    Project,
    is_running,
    purge_state_dir,
    read_daemon,
    resolve_project,
    running_daemons,
)

_POLL_SECONDS = 0.05


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "down", run, help="stop replicas and daemon")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="the project's folder")
    parser.add_argument("--purge", action="store_true", help="forget objects and history too")
    parser.add_argument(
        "--timeout",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long to wait for the daemon to end",
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.purge:
        _require_named(arguments)
    folder = _stop(arguments)
    if arguments.purge:
        _purge(folder or _project(arguments).state_dir)
    return 0


def _require_named(arguments: argparse.Namespace) -> None:
    """What is forgotten for good must be this folder's or be named. Raises UsageError."""
    named = (arguments.paths, arguments.project, arguments.state_dir, arguments.api)
    if any(named) or os.environ.get("KFSIM_STATE_DIR") or os.environ.get("KFSIM_API"):
        return
    others = [info.project for info in running_daemons()]
    if others and find_own() is None:
        raise UsageError(
            f"--purge forgets a project for good, and none that runs belongs to this folder; name "
            f"the PATH or --project ({', '.join(others)})"
        )


def _purge(folder: Path) -> None:
    if not folder.exists():
        print(f"nothing to purge: {folder} does not exist")
        return
    left = purge_state_dir(folder)
    print(f"purged {folder}")
    if left:
        warn(f"left in {folder}, as it is not kfsim's or cannot be removed: {', '.join(left)}")


def _project(arguments: argparse.Namespace) -> Project:
    return resolve_project(arguments.paths, name=arguments.project, state_dir=arguments.state_dir)


def _clean_up(arguments: argparse.Namespace, nobody: Unavailable) -> Path | None:
    """No daemon runs: one that was killed, or that ended while the engine was away, may have left
    containers; they are known by the place of the state directory, even where it was purged."""
    project = _project(arguments)
    if is_running(project.state_dir):
        raise nobody  # its daemon cannot be told to stop, and is using what it has
    from kfsim.daemon.replicas import remove_leftovers  # imported late: it is rarely needed

    if removed := remove_leftovers(project.state_dir):
        print(f"removed {removed} containers that the daemon of project {project.name} left")
        return project.state_dir
    if not arguments.purge:
        raise nobody
    warn(nobody.message)
    return None


def _stop(arguments: argparse.Namespace) -> Path | None:
    """The state directory of the daemon that was stopped; None where none ran."""
    try:
        client, name, state_dir = _find(arguments)
    except Unavailable as error:
        if arguments.api:
            raise
        return _clean_up(arguments, error)
    for text in client.create("/kfsim/v1/shutdown", {}).get("warnings", ()):
        warn(text)
    deadline = time.monotonic() + arguments.timeout
    while is_running(state_dir):
        if time.monotonic() > deadline:
            info = read_daemon(state_dir)
            raise Timeout(
                f"project {name} is still draining after {arguments.timeout:g} s; its daemon has "
                f"pid {info.pid if info else 'unknown'}, its log is {state_dir}/logs/daemon.log"
            )
        time.sleep(_POLL_SECONDS)
    print(f"stopped {name}")
    return state_dir


def _find(arguments: argparse.Namespace) -> tuple[ApiClient, str, Path]:
    """The daemon, its project's name and its state directory. Raises Unavailable."""
    if arguments.api:
        return _ask(ApiClient(arguments.api))
    state_dir = str(_project(arguments).state_dir) if arguments.paths else arguments.state_dir
    info = find_daemon(project=arguments.project, state_dir=state_dir)
    client = ApiClient(info.api)
    return (client, info.project, Path(info.state_dir)) if info.state_dir else _ask(client)


def _ask(client: ApiClient) -> tuple[ApiClient, str, Path]:
    status = client.get("/kfsim/v1/status")
    if "stateDir" not in status:
        raise Unavailable(f"the daemon at http://{client.address} is still starting; try again")
    return client, status["project"], Path(status["stateDir"])
