"""What a project and its flags ask of a daemon: before its start, and of one that runs already.

kfsim.yaml gives defaults, flags win. The daemon reads the file itself; it is read here as well, so
that a mistake is said before anything starts.
"""

import argparse
import os
from collections.abc import Callable, Mapping
from typing import Any

from kfsim.api.compat import Compat
from kfsim.cli.client import ApiClient
from kfsim.cli.commands.common import UsageError
from kfsim.cli.output import warn
from kfsim.daemon.project import PROJECT_FILE, DaemonInfo, find_project_file, resolve_target
from kfsim.daemon.settings import parse_map
from kfsim.replicas.devices import GpuSettings
from kfsim.replicas.marks import AUTO

_DEFAULTS: Mapping[str, Any] = {
    "runtime": AUTO,
    "strict": False,
    "compat": str(Compat.KSERVE),
    "gateway": None,
    "api": None,
}
_MEND = "`kfsim down` and `kfsim up` again to change that"


def parse_maps(flags: list[str]) -> dict[str, str]:
    """What `--map` says; relative paths start at the current folder. Raises UsageError."""
    maps = {}
    for flag in flags:
        try:
            prefix, target = parse_map(flag)
        except ValueError as error:
            raise UsageError(str(error)) from None
        maps[prefix] = resolve_target(target, os.getcwd())
    return maps


def take_project_file(arguments: argparse.Namespace, path: str) -> GpuSettings:
    """Let kfsim.yaml say what no flag says, in the arguments. Raises Invalid."""
    gpu, values, place = GpuSettings(), _DEFAULTS, find_project_file(path)
    if place is not None:
        from kfsim.daemon.project_file import read_project_file  # late: most projects have none

        file = read_project_file(place)
        gpu, values = file.gpu_settings, {key: getattr(file, key) for key in _DEFAULTS}
    for key, value in values.items():
        if getattr(arguments, key) is None:
            setattr(arguments, key, value)
    return gpu


def check_environment(path: str) -> None:
    """Before a daemon starts: it will have our environment. Raises Invalid that names what the
    secrets of kfsim.yaml need and it lacks."""
    place = find_project_file(path)
    if place is not None:
        from kfsim.daemon.local_settings import LocalSettings  # late: most projects have none

        LocalSettings(place, flags={}, environment=os.environ)


def reread_project_file(client: ApiClient, say: Callable[[str], None] | None = None) -> None:
    """Have a running daemon read kfsim.yaml again; `say` is told what came of it. Raises
    KfsimError for a file that cannot be used; the daemon goes on with what it had."""
    answer = client.create("/kfsim/v1/settings", {})
    if say is None:
        return
    if answer["changed"]:
        say(f"{PROJECT_FILE} has changed: its maps and secrets are in force")
    for key in answer["kept"]:
        say(f"{PROJECT_FILE}: {key} has changed; {_MEND}")


def compare(
    client: ApiClient,
    running: DaemonInfo,
    arguments: argparse.Namespace,
    *,
    gpu: GpuSettings,
    maps: Mapping[str, str],
) -> None:
    """Warn of what the daemon keeps from its start and is asked for otherwise now."""
    kept = client.get("/kfsim/v1/status")
    differences = [
        f"it keeps --{option} {address}, and --{option} {asked} is asked for"
        for option, address in (("gateway", running.gateway), ("api", running.api))
        if (asked := getattr(arguments, option)) and not _is_met(asked, address)
    ]
    # One that is still starting, or of another version, may not tell.
    if kept.get("gpu", str(gpu)) != str(gpu):
        differences.append(f"it keeps gpu: {kept['gpu']}, and {PROJECT_FILE} asks for gpu: {gpu}")
    runtime = kept.get("runtime", arguments.runtime)
    if arguments.runtime not in (AUTO, runtime):
        differences.append(
            f"it keeps --runtime {runtime}, and --runtime {arguments.runtime} is asked for"
        )
    compat = kept.get("compat", arguments.compat)
    if arguments.compat != compat:
        differences.append(
            f"it keeps --compat {compat}, and --compat {arguments.compat} is asked for"
        )
    for asked, key, flag in (
        (arguments.allow_privileged, "allowPrivileged", "--allow-privileged"),
        (arguments.allow_host_path, "allowHostPath", "--allow-host-path"),
        (arguments.strict, "strict", "--strict"),
    ):
        if asked and not kept.get(key, True):
            differences.append(f"it was started without {flag}")
    if maps and kept.get("maps", maps) != maps:
        differences.append("it keeps the --map of its start, and others are asked for")
    for text in differences:
        warn(f"{text}; {_MEND}")


def _is_met(asked: str, address: str) -> bool:
    """Whether a listener's address is what an option asks for; port 0 takes any."""
    return asked.endswith(":0") or asked in (address, f"localhost:{address.rpartition(':')[2]}")
