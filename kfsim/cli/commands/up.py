"""`kfsim up`: from manifests to a serving gateway, in the foreground or behind (`-d`)."""

import argparse
import os
import time
from collections.abc import Mapping

from kfsim.api.compat import Compat
from kfsim.base.errors import KfsimError, Unavailable
from kfsim.base.quantities import parse_duration
from kfsim.cli.board import make_board
from kfsim.cli.client import ApiClient
from kfsim.cli.commands.common import Subparsers, UsageError
from kfsim.cli.fidelity_telling import FidelityTeller
from kfsim.cli.foreground import follow
from kfsim.cli.output import print_error, why_command
from kfsim.cli.progress import Progress
from kfsim.cli.project_settings import (
    check_environment,
    compare,
    parse_maps,
    reread_project_file,
    take_project_file,
)
from kfsim.cli.rollout import apply_all
from kfsim.cli.showcase import show_services
from kfsim.cli.startup import PendingDaemon, StartedDaemon, describe_end
from kfsim.daemon.project import (
    PROJECT_FILE,
    DaemonInfo,
    Project,
    is_running,
    project_file_place,
    read_daemon,
    resolve_project,
)
from kfsim.daemon.settings import (
    DEFAULT_API,
    DEFAULT_GATEWAY,
    RUNTIMES,
    DaemonSettings,
    parse_address,
)
from kfsim.replicas.marks import WANTED_ANNOTATION

_DEFAULT_PATH = "manifests/"
_START_SECONDS = 30.0
_POLL_SECONDS = 0.05


def register(subparsers: Subparsers) -> None:
    text = "start the daemon, apply manifests, follow changes"
    parser = subparsers.add_parser("up", help=text, description=text, allow_abbrev=False)
    parser.set_defaults(run=run)
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"default: {_DEFAULT_PATH}")
    parser.add_argument("--fresh", action="store_true", help="start empty: forget old objects")
    add_up_flags(parser)


def add_up_flags(parser: argparse.ArgumentParser) -> None:
    """The daemon's settings, and how it is waited for."""
    parser.add_argument("-d", "--detach", action="store_true", help="leave the daemon behind")
    parser.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="with -d: until every service is Ready (default)",
    )
    parser.add_argument("--timeout", default="120s", help="for the wait (default 120s)")
    parser.add_argument("--project", metavar="NAME", help="default: after the project's folder")
    parser.add_argument("--state-dir", metavar="DIR", help="or KFSIM_STATE_DIR")
    parser.add_argument("--gateway", metavar="HOST:PORT", help=f"default {DEFAULT_GATEWAY}")
    parser.add_argument("--api", metavar="HOST:PORT", help=f"default {DEFAULT_API}")
    parser.add_argument(
        "--runtime",
        choices=RUNTIMES,
        help="what runs replicas; auto: Docker where the image is present, else a process where "
        f"that is possible (annotation {WANTED_ANNOTATION} for one service)",
    )
    parser.add_argument(
        "--allow-privileged", action="store_true", help="let containers ask for privileged"
    )
    parser.add_argument(
        "--allow-host-path", action="store_true", help="let containers mount hostPath volumes"
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="PREFIX=TARGET",
        help="serve what is below TARGET, a path or a URI, for model URIs that start with PREFIX; "
        f"may be repeated, and wins over uris of {PROJECT_FILE}",
    )
    parser.add_argument(
        "--strict",
        action=argparse.BooleanOptionalAction,
        help="do what a cluster would do, also where a laptop lacks what the manifests name",
    )
    parser.add_argument(
        "--compat",
        choices=[str(each) for each in Compat],
        help="kfserving: names, canary rule and quirks of KFServing 0.5 and 0.6",
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write what is honoured, substituted and ignored, as JSON",
    )
    parser.add_argument(
        "--allow-pickle",
        choices=("always", "never"),
        default="always",
        help="whether models may be loaded that are pickles, whose code then runs",
    )


def run(arguments: argparse.Namespace) -> int:
    paths = _paths(arguments)
    project = resolve_project(paths, name=arguments.project, state_dir=arguments.state_dir)
    return bring_up(arguments, paths, project)


def bring_up(arguments: argparse.Namespace, paths: list[str], project: Project) -> int:
    """Start the project's daemon or attach to it, apply the paths, wait or follow."""
    timeout = _timeout(arguments.timeout)
    maps = parse_maps(arguments.map)
    gpu = take_project_file(arguments, paths[0])
    settings = _settings(arguments, project, paths, maps)
    running = _running(project)
    if running is None:
        check_environment(paths[0])
        try:
            started = PendingDaemon(settings).wait()
        except Unavailable:
            running = _running(project)
            if running is None:
                raise
            # Another `up` was faster.
        else:
            for note in started.notes:
                print(note)
            return _serve(arguments, paths, started.info, started, timeout)
    if arguments.fresh:
        raise Unavailable(
            f"--fresh starts empty, and project {running.project} runs already (pid "
            f"{running.pid}); `kfsim down` first"
        )
    print(f"using the running daemon of project {running.project} (pid {running.pid})")
    client = ApiClient(running.api)
    reread_project_file(client)
    compare(client, running, arguments, gpu=gpu, maps=maps)
    return _serve(arguments, paths, running, None, timeout)


def _paths(arguments: argparse.Namespace) -> list[str]:
    paths: list[str] = arguments.paths or [_DEFAULT_PATH]
    missing = [path for path in paths if not os.path.exists(path)]
    if missing:
        hint = "" if arguments.paths else "; name a file or folder: kfsim up PATH"
        raise UsageError(f"no such file or folder: {', '.join(missing)}{hint}")
    return paths


def _timeout(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--timeout: {error}") from None


def _running(project: Project) -> DaemonInfo | None:
    """The project's daemon, also one that another `up` is just starting."""
    deadline = time.monotonic() + _START_SECONDS
    while is_running(project.state_dir) and time.monotonic() < deadline:
        if info := read_daemon(project.state_dir):
            return info
        time.sleep(_POLL_SECONDS)
    return None


def _settings(
    arguments: argparse.Namespace, project: Project, paths: list[str], maps: Mapping[str, str]
) -> DaemonSettings:
    for option in ("gateway", "api"):
        if text := getattr(arguments, option):
            try:
                parse_address(text, option=f"--{option}")
            except ValueError as error:
                raise UsageError(str(error)) from None
    return DaemonSettings(
        project=project.name,
        root=project.root,
        state_dir=project.state_dir,
        gateway=arguments.gateway or DEFAULT_GATEWAY,
        gateway_is_default=arguments.gateway is None,
        api=arguments.api or DEFAULT_API,
        api_is_default=arguments.api is None,
        runtime=arguments.runtime,
        allow_pickle=arguments.allow_pickle == "always",
        allow_privileged=arguments.allow_privileged,
        allow_host_path=arguments.allow_host_path,
        strict=arguments.strict,
        compat=Compat(arguments.compat),
        fresh=arguments.fresh,
        foreground=not arguments.detach,
        project_file=project_file_place(paths[0]).absolute(),
        maps=maps,
    )


def _serve(
    arguments: argparse.Namespace,
    paths: list[str],
    info: DaemonInfo,
    started: StartedDaemon | None,
    timeout: float,
) -> int:
    client = ApiClient(info.api)
    fidelity = FidelityTeller(client, project=info.project, file=arguments.report)
    told: set[str] = set()
    try:
        failed = _apply_and_show(
            arguments, paths, info, client, timeout, fidelity=fidelity, told=told
        )
        if arguments.detach:
            return 1 if failed else 0
        process = started.process if started else None
        follow(client, info, paths, process=process, fidelity=fidelity, told=told)
    except KeyboardInterrupt:
        if arguments.detach:
            raise
    except Unavailable:
        if started is None or started.process.poll() is None:
            raise
        raise Unavailable(
            f"the daemon ended unexpectedly ({describe_end(started.process.returncode)}); its log "
            f"is {info.state_dir}/logs/daemon.log. `kfsim up` brings everything back"
        ) from None
    if started is None:
        print(f"left the daemon running (pid {info.pid}); `kfsim down` stops it")
        return 0
    return _stop(started)


def _apply_and_show(
    arguments: argparse.Namespace,
    paths: list[str],
    info: DaemonInfo,
    client: ApiClient,
    timeout: float,
    *,
    fidelity: FidelityTeller,
    told: set[str],
) -> bool:
    """Apply, wait, show. Returns whether something is wrong."""
    print(f"gateway http://{info.gateway}   API http://{info.api}", flush=True)
    applied = apply_all(client, paths, say=_say, complain=print_error, told=told)
    if not applied.documents and not applied.errors:
        _say(f"no manifests below {' '.join(paths)}; `kfsim serve MODEL` writes one")
    if not arguments.wait and arguments.detach:
        return fidelity.tell(applied, _say) or bool(applied.errors)
    progress = Progress(client, applied.services, _say, board=make_board(_say))
    states = progress.wait(timeout)
    show_services(client, info, applied, states)
    late = {key: state for key, state in states.items() if not state.ready}
    for (namespace, name), state in late.items():
        more = why_command(namespace, name)
        print_error(f"{name} is not ready: {state.line}; `{more}` tells more")
    if applied.documents:
        _say("")
    unsaved = fidelity.tell(applied, _say, reasons=False)
    return bool(late or applied.errors or unsaved)


def _say(text: str) -> None:
    print(text, flush=True)


def _stop(started: StartedDaemon) -> int:
    """Let the daemon drain and stop. A second Ctrl-C leaves it to finish on its own."""
    print("\nstopping: draining requests, then the replicas", flush=True)
    try:
        ApiClient(started.info.api).create("/kfsim/v1/shutdown", {})
    except KfsimError:
        pass  # it is gone already, or going
    if started.process.stdin is not None:
        started.process.stdin.close()
    started.process.wait()
    print("stopped")
    return 0
