"""`kfsim delete`: remove objects by name, selector or manifest, with kubectl's flags and texts."""

import argparse
import time
from collections.abc import Iterator

from kfsim.base.errors import BadRequest, KfsimError, Timeout
from kfsim.base.quantities import parse_duration
from kfsim.cli.apply import resource_of
from kfsim.cli.client import ApiClient, ApiError, Resource
from kfsim.cli.commands.apply import DryRun, add_dry_run
from kfsim.cli.commands.common import (
    TARGETS_HELP,
    Subparsers,
    UsageError,
    add_parser,
    connect,
    parse_targets,
)
from kfsim.cli.commands.nearby import complain
from kfsim.cli.commands.sources import (
    DEFAULT_NAMESPACE,
    add_file_flags,
    check_file_flags,
    load_from_flags,
    namespace_for,
)
from kfsim.cli.manifests import Manifests
from kfsim.cli.output import print_error, warn
from kfsim.cli.unknown_kinds import ForeignKind

_POLL_SECONDS = 0.1
Target = tuple[Resource, str, str]
"""What to delete: its kind, namespace and name."""


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "delete", run, help="delete objects")
    parser.add_argument("words", nargs="*", metavar="TYPE NAME… | TYPE/NAME…", help=TARGETS_HELP)
    add_file_flags(parser)
    add_dry_run(parser)
    parser.add_argument("-o", "--output", choices=("name",), help="print TYPE/NAME alone")
    parser.add_argument("-l", "--selector", help="label selector")
    parser.add_argument("--all", action="store_true", help="all objects of the type")
    parser.add_argument(
        "--ignore-not-found", action="store_true", help="an object that is not there is no error"
    )
    parser.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="until the objects are gone (default)",
    )
    parser.add_argument("--timeout", default="60s", help="how long to wait (default 60s)")


def run(arguments: argparse.Namespace) -> int:
    _check_usage(arguments)
    timeout = parse_duration(arguments.timeout)
    client = connect(arguments)
    failed = 0
    targets: list[Target] = []
    if _from_manifests(arguments):
        manifests = load_from_flags(arguments)
        targets, failed = _of_manifests(client, manifests, arguments.namespace)
    else:
        targets = list(_named(client, arguments))
    if not targets and not failed:
        print("No resources found")
        return 0
    gone, refused = _delete_each(client, targets, arguments)
    if arguments.wait and DryRun[arguments.dry_run.upper()] is DryRun.NONE:
        _wait_until_gone(client, gone, timeout=timeout)
    return 1 if failed or refused else 0


def _from_manifests(arguments: argparse.Namespace) -> bool:
    return bool(arguments.filename or arguments.kustomize)


def _check_usage(arguments: argparse.Namespace) -> None:
    """Raises UsageError."""
    if not _from_manifests(arguments):
        return
    check_file_flags(arguments)
    if arguments.words or arguments.selector or arguments.all:
        raise UsageError("give either -f PATH or -k FOLDER, or names, --all and selectors")


def _delete_each(
    client: ApiClient, targets: list[Target], arguments: argparse.Namespace
) -> tuple[list[Target], int]:
    """What was deleted, and how many were not."""
    dry_run = DryRun[arguments.dry_run.upper()]
    query = {"dryRun": "All"} if dry_run is DryRun.SERVER else {}
    gone, failed = [], 0
    for target in targets:
        resource, namespace, name = target
        path = resource.path(namespace, name)
        try:
            if dry_run is DryRun.CLIENT:
                client.get(path)
            else:
                client.delete(path, **query)
        except ApiError as error:
            if not (error.is_not_found and arguments.ignore_not_found):
                complain(arguments, error)
                failed += 1
            continue
        if arguments.output == "name":
            print(f"{resource.full_name}/{name}")
        else:
            print(f'{resource.full_name} "{name}" deleted{dry_run}', flush=True)
        gone.append(target)
    return gone, failed


def _of_manifests(
    client: ApiClient, manifests: Manifests, given: str | None
) -> tuple[list[Target], int]:
    """What the manifests name, and how many of their documents name nothing; those are said."""
    problems = list(manifests.errors)
    for text in manifests.skipped:
        warn(f"skipped {text}")
    targets = []
    for manifest in manifests.found:
        try:
            resource = resource_of(client, manifest)
            namespace = namespace_for(manifest, resource, given)
            name = manifest.document["metadata"].get("name")
            if not name:
                raise BadRequest("a name made from generateName cannot be known; delete it by name")
        except ForeignKind as foreign:  # apply skipped it too
            warn(f"note: {foreign.note}")
        except KfsimError as error:
            problems.append(f"{manifest.place}: {error.message}")
        else:
            targets.append((resource, namespace, str(name)))
    for text in problems:
        print_error(text)
    return targets, len(problems)


def _named(client: ApiClient, arguments: argparse.Namespace) -> Iterator[Target]:
    """What the words and the selector name. Raises UsageError."""
    namespace = arguments.namespace or DEFAULT_NAMESPACE
    for resource, name in parse_targets(client, arguments.words):
        if name is not None:
            yield resource, namespace, name
            continue
        if not (arguments.all or arguments.selector):
            raise UsageError("name the objects, or give --all or a selector")
        query = {"labelSelector": arguments.selector} if arguments.selector else {}
        for item in client.get(resource.path(namespace), **query)["items"]:
            yield resource, namespace, item["metadata"]["name"]


def _wait_until_gone(client: ApiClient, gone: list[Target], *, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    for resource, namespace, name in gone:
        while True:
            try:
                client.get(resource.path(namespace, name))
            except ApiError as error:
                if error.is_not_found:
                    break
                raise
            if time.monotonic() > deadline:
                raise Timeout(f"timed out waiting for {resource.full_name}/{name} to be gone")
            time.sleep(_POLL_SECONDS)
