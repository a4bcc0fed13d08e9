"""`kfsim diff`: what `kfsim apply` would change, by the same merge and a dry run of the server.

Exit codes are kubectl diff's: 0 no differences, 1 differences, 2 (above 1) an error; where some
objects cannot be compared, the others are shown and the exit code is 2.
"""

import argparse

from kfsim.base.errors import KfsimError
from kfsim.cli.apply import carry_out, plan_change, resource_of
from kfsim.cli.client import ApiClient
from kfsim.cli.commands.common import Subparsers, UsageError, add_parser, connect
from kfsim.cli.commands.sources import add_file_flags, load_from_flags, namespace_for
from kfsim.cli.diff import render_difference
from kfsim.cli.manifests import Manifest, Manifests
from kfsim.cli.output import warn
from kfsim.cli.unknown_kinds import ForeignKind

_SAME, _DIFFERENT, _ERROR = 0, 1, 2


def register(subparsers: Subparsers) -> None:
    parser = add_parser(
        subparsers,
        "diff",
        run,
        help="show what apply would change; exit code 1 means differences, above 1 an error",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and folders, as for up")
    add_file_flags(parser)
    parser.add_argument(
        "--field-manager", metavar="NAME", help="accepted for kubectl's sake; has no effect"
    )
    parser.add_argument("--server-side", action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    check_usage(arguments)
    try:
        client = connect(arguments)  # before standard input is read: without a daemon, why wait
        manifests = load_from_flags(arguments, plain=arguments.paths)
        shown, failed = _compare_all(client, manifests, arguments.namespace)
    except KfsimError as error:  # not left to `main`, whose exit code for it means differences
        warn(f"Error: {error.message}")
        return _ERROR
    print("".join(shown), end="")
    if failed:
        return _ERROR
    return _DIFFERENT if shown else _SAME


def check_usage(arguments: argparse.Namespace) -> None:
    """Raises UsageError."""
    if arguments.server_side:
        raise UsageError(
            "--server-side is not supported: kfsim applies on the client's side; leave it out"
        )
    named = bool(arguments.paths or arguments.filename)
    if named == bool(arguments.kustomize):
        raise UsageError("give either PATH or -f PATH, or -k FOLDER")


def _compare_all(
    client: ApiClient, manifests: Manifests, namespace: str | None
) -> tuple[list[str], list[str]]:
    """The differences, and what could not be compared, which is said at once."""
    failed = [f"error: {text}" for text in manifests.errors]
    for text in (*failed, *(f"skipped {text}" for text in manifests.skipped)):
        warn(text)
    shown: list[str] = []
    for manifest in manifests.found:
        try:
            difference = compare(client, manifest, namespace=namespace)
        except ForeignKind as foreign:  # apply would skip it too
            warn(f"note: {manifest.place}: {foreign.note}")
            continue
        except KfsimError as error:
            failed.append(f"Error: {manifest.place}: {error.message}")
            warn(failed[-1])
            continue
        if difference:
            shown.append(difference)
    return shown, failed


def compare(client: ApiClient, manifest: Manifest, *, namespace: str | None) -> str:
    """One object's difference. Raises as apply does: ApiError, NotFound for an unknown kind."""
    place = namespace_for(manifest, resource_of(client, manifest), namespace)
    change = plan_change(client, manifest, namespace=place)
    after = carry_out(client, change, dry_run=True)
    if change.name is None:  # the name of the dry run is not the one that apply will get
        metadata = {key: value for key, value in after["metadata"].items() if key != "name"}
        after = {**after, "metadata": metadata}
    return render_difference(change.live, after)
