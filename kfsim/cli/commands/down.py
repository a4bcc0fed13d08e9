"""`kfsim down`: stop the replicas and the daemon; history is kept unless purged."""

import argparse
import shutil
import time
from pathlib import Path

from kfsim.base.errors import Timeout, Unavailable
from kfsim.cli.client import ApiClient
from kfsim.cli.commands.common import Subparsers, add_parser
from kfsim.cli.discovery import find_daemon
from kfsim.cli.output import warn
from kfsim.daemon.project import is_running, resolve_project

_POLL_SECONDS = 0.05


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "down", run, help="stop replicas and daemon")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="the project's folder")
    parser.add_argument("--purge", action="store_true", help="forget objects and history too")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")


def run(arguments: argparse.Namespace) -> int:
    folder = _stop(arguments)
    if arguments.purge:
        if folder is None:
            project = resolve_project(
                arguments.paths, name=arguments.project, state_dir=arguments.state_dir
            )
            folder = project.state_dir
        shutil.rmtree(folder, ignore_errors=True)
        print(f"purged {folder}")
    return 0


def _clean_up(arguments: argparse.Namespace, nobody: Unavailable) -> Path | None:
    """No daemon runs: one that was killed, or that ended while the engine was away, may have left
    containers; they are known by the place of the state directory, even where it was purged."""
    project = resolve_project(
        arguments.paths, name=arguments.project, state_dir=arguments.state_dir
    )
    from kfsim.daemon.replicas import remove_leftovers  # imported late: it is rarely needed

    if removed := remove_leftovers(project.state_dir):
        print(f"removed {removed} containers that the daemon of project {project.name} left")
        return project.state_dir
    if not arguments.purge:
        raise nobody
    warn(nobody.message)
    return None


def _stop(arguments: argparse.Namespace) -> Path | None:
    project = None
    if arguments.paths:
        project = resolve_project(
            arguments.paths, name=arguments.project, state_dir=arguments.state_dir
        )
    try:
        info = find_daemon(
            project=project.name if project else arguments.project,
            state_dir=str(project.state_dir) if project else arguments.state_dir,
        )
    except Unavailable as error:
        return _clean_up(arguments, error)
    client = ApiClient(arguments.api or info.api)
    if not info.state_dir:  # found by address alone: ask who that is
        status = client.get("/kfsim/v1/status")
        state_dir, name = Path(status["stateDir"]), status["project"]
    else:
        state_dir, name = Path(info.state_dir), info.project
    for text in client.create("/kfsim/v1/shutdown", {}).get("warnings", ()):
        warn(text)
    deadline = time.monotonic() + arguments.timeout
    while is_running(state_dir):
        if time.monotonic() > deadline:
            raise Timeout(
                f"project {name} is still draining after {arguments.timeout:g} s; its daemon has "
                f"pid {info.pid or 'unknown'}, its log is {state_dir}/logs/daemon.log"
            )
        time.sleep(_POLL_SECONDS)
    print(f"stopped {name}")
    return state_dir
