"""`kfsim doctor`: what of this machine and this project will not work, and the mend."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kfsim import __version__
from kfsim.cli.commands.common import Subparsers, UsageError
from kfsim.cli.output import warn
from kfsim.daemon.project import PROJECT_FILE, find_project_file, resolve_project, running_daemons
from kfsim.daemon.settings import DEFAULT_API, DEFAULT_GATEWAY

if TYPE_CHECKING:
    from kfsim.cli.doctor import Finding
    from kfsim.cli.manifests import Manifest
    from kfsim.daemon.project_file import ProjectFile

_DEFAULT_PATH = "manifests/"
_STORAGE = "storage"


def register(subparsers: Subparsers) -> None:
    text = "check the machine and the project: what will not work, and the mend"
    parser = subparsers.add_parser("doctor", help=text, description=text, allow_abbrev=False)
    parser.set_defaults(run=run)
    parser.add_argument(
        "paths",
        nargs="*",
        metavar=f"[{_STORAGE}] PATH",
        help=f"manifests; default: {_DEFAULT_PATH} where it is there. With the word {_STORAGE} "
        "first, only their models are looked at",
    )
    parser.add_argument("--project", metavar="NAME", help="default: after the project's folder")
    parser.add_argument("--state-dir", metavar="DIR", help="or KFSIM_STATE_DIR")
    parser.add_argument("-o", "--output", choices=("json",), help="one JSON object")


def run(arguments: argparse.Namespace) -> int:
    only_storage = arguments.paths[:1] == [_STORAGE]
    paths = _paths(arguments.paths[1:] if only_storage else arguments.paths)
    findings = list(_examine(arguments, paths, only_storage=only_storage))
    problems = sum(each.level == "problem" for each in findings)
    if arguments.output == "json":
        rows = [asdict(each) for each in findings]
        print(json.dumps({"healthy": not problems, "findings": rows}, indent=4))
        return 1 if problems else 0
    for each in findings:
        print(each.line)
    warn(f"{len(findings)} checks, {problems} with problems")
    return 1 if problems else 0


def _paths(given: list[str]) -> list[str]:
    missing = [path for path in given if not os.path.exists(path)]
    if missing:
        raise UsageError(
            f"no such file or folder: {', '.join(missing)}; name manifests: kfsim doctor PATH"
        )
    return given or ([_DEFAULT_PATH] if os.path.isdir(_DEFAULT_PATH) else [])


def _examine(
    arguments: argparse.Namespace, paths: list[str], *, only_storage: bool
) -> "Iterator[Finding]":
    # Imported late: the models of all kinds take longer to load than most commands run.
    from kfsim.cli.commands.validate import describe_problems
    from kfsim.cli.manifests import load_paths
    from kfsim.cli.validation import Verdict, check_manifests, check_project_files

    project = resolve_project(paths, name=arguments.project, state_dir=arguments.state_dir)
    loaded = load_paths(path for path in paths if os.path.basename(path) != PROJECT_FILE)
    project_files = check_project_files(paths)
    settings = _settings(paths, project_files)
    if only_storage:
        yield from _models(loaded.found, project.state_dir, settings)
        return
    checked = check_manifests(loaded.found, namespace="default")
    problems = [
        *describe_problems(checked),
        *(text for texts in project_files.values() for text in texts),
        *loaded.errors,
    ]
    valid = [each.manifest for each in checked if each.verdict is Verdict.VALID]
    gpu_mode = str(settings.file.gpu_settings.mode) if settings is not None else "require"
    yield from _machine(project.state_dir, valid, gpu_mode)
    yield from _project(project.state_dir)
    from kfsim.cli.doctor.project import check_manifests as report_manifests

    yield from report_manifests(problems, valid=len(valid), paths=paths)
    yield from _models(valid, project.state_dir, settings)


def _machine(state_dir: Path, valid: "Sequence[Manifest]", gpu_mode: str) -> "Iterator[Finding]":
    import time

    import kfsim
    from kfsim.cli.doctor import engine, gathering, machine, network
    from kfsim.cli.doctor.engine_facts import (
        has_kustomize,
        kubectl_version,
        look_at_engine,
        look_at_gpus,
    )
    from kfsim.cli.doctor.needs import read_needs
    from kfsim.daemon.replicas import state_label
    from kfsim.kubeapi.discovery import KUBERNETES_VERSION

    needs = read_needs(each.document for each in valid)
    yield machine.check_python(sys.version_info[:3])
    yield machine.check_clock(time.time(), installed=os.stat(kfsim.__file__).st_mtime)
    yield machine.check_open_files(*gathering.open_file_limits())
    watches, instances = map(gathering.inotify_limit, ("max_user_watches", "max_user_instances"))
    optional = (
        machine.check_inotify(watches, instances),
        machine.check_memory(gathering.available_memory(), needs.memory),
    )
    yield from (each for each in optional if each is not None)
    daemons = list(running_daemons())
    for address, purpose in ((DEFAULT_GATEWAY, "the gateway"), (DEFAULT_API, "the API")):
        yield network.check_port(gathering.look_at_port(address, purpose, daemons))
    yield network.check_names(resolves=gathering.resolves_localhost_names())
    yield network.check_proxies(os.environ)
    yield network.report_login()
    found, gpus = look_at_engine(), look_at_gpus()
    yield from engine.check_engine(found, needed_by=needs.docker)
    yield from engine.check_images(found, needs.images)
    known = frozenset(state_label(Path(each.state_dir)) for each in daemons)
    yield from engine.check_leftovers(found, known)
    yield engine.check_gpus(gpus, needed_by=needs.gpus, mode=gpu_mode)
    yield from engine.check_toolkit(found, gpus)
    version = kubectl_version()
    major, minor = KUBERNETES_VERSION
    yield engine.check_kubectl(version, served=(int(major), int(minor)))
    yield engine.check_kustomize(standalone=has_kustomize(), kubectl=bool(version))


def _project(state_dir: Path) -> "Iterator[Finding]":
    from kfsim.cli.doctor import project
    from kfsim.cli.doctor.project_facts import ask_journal, look_at_state_dir, look_for_daemons

    yield from project.check_state_dir(look_at_state_dir(state_dir))
    yield project.check_journal(ask_journal(state_dir))
    yield from project.check_variables(os.environ)
    yield from project.check_daemons(look_for_daemons(state_dir), version=__version__)


def _models(
    manifests: "Sequence[Manifest]", state_dir: Path, settings: "_Settings | None"
) -> "Iterator[Finding]":
    """Where kfsim.yaml maps a URI, what stands in for it is looked at."""
    from kfsim.cli.doctor.needs import read_uris
    from kfsim.cli.doctor.source_facts import find_pickles, look_at_source, read_pickles
    from kfsim.cli.doctor.sources import check_pickle, check_source

    pickles: dict[Path, None] = {}
    for each in manifests:
        if each.document["kind"] != "InferenceService":
            continue
        namespace = each.document["metadata"].get("namespace") or "default"
        claims = state_dir / "volumes" / namespace
        uris = [settings.map(uri) if settings else uri for uri in read_uris(each.document)]
        for uri in uris:
            facts = look_at_source(each.name, uri, source=each.source, claims=claims)
            yield check_source(facts)
        pickles |= dict.fromkeys(find_pickles(uris, source=each.source, claims=claims))
    found = map(check_pickle, read_pickles(list(pickles)))
    yield from (each for each in found if each is not None)


@dataclass(frozen=True, slots=True)
class _Settings:
    """kfsim.yaml, and the folder that its relative paths start at."""

    file: "ProjectFile"
    folder: str

    def map(self, uri: str) -> str:
        found = self.file.maps(self.folder, {}).uri(uri, field="")
        return uri if found is None else found.given


def _settings(paths: list[str], problems: Mapping[str, Sequence[str]]) -> _Settings | None:
    """None without a file, or with one that cannot be read, which is told elsewhere."""
    from kfsim.daemon.project_file import read_project_file

    path = find_project_file(paths[0]) if paths else None
    if path is None or problems.get(str(path)):
        return None
    return _Settings(read_project_file(path), str(path.parent.absolute()))
