"""`kfsim apply`: create or update what manifests say, with kubectl's flags and texts.

Documents are carried out one by one, in order; one that fails is said with its place and stops no
other.
"""

import argparse
from enum import StrEnum
from typing import Any

from kfsim.base.errors import KfsimError
from kfsim.cli.apply import Change, carry_out, in_install_order, plan_change, resource_of
from kfsim.cli.client import ApiClient
from kfsim.cli.commands.common import Subparsers, UsageError, add_parser, connect
from kfsim.cli.commands.sources import (
    add_file_flags,
    check_file_flags,
    load_from_flags,
    namespace_for,
)
from kfsim.cli.manifests import Manifest
from kfsim.cli.output import format_object, print_error, warn
from kfsim.cli.unknown_kinds import ForeignKind


class DryRun(StrEnum):
    """kubectl's strategies; the value of each is also the end of its lines."""

    NONE = ""
    CLIENT = " (dry run)"
    SERVER = " (server dry run)"


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "apply", run, help="create or update objects from manifests")
    add_file_flags(parser)
    add_dry_run(parser)
    parser.add_argument(
        "-o", "--output", choices=("json", "yaml", "name"), help="print what the objects are now"
    )
    parser.add_argument("--server-side", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--field-manager", help=argparse.SUPPRESS)  # there is one


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run",
        nargs="?",
        const="client",
        default="none",
        choices=[each.name.lower() for each in DryRun],
        help="client: send nothing; server: have it checked and kept nowhere",
    )


def run(arguments: argparse.Namespace) -> int:
    check_file_flags(arguments)
    if arguments.server_side:
        raise UsageError(
            "--server-side is not supported: kfsim applies on the client's side; leave it out"
        )
    client = connect(arguments)  # before standard input is read: without a daemon, why wait
    manifests = load_from_flags(arguments)
    for text in manifests.errors:
        print_error(text)
    for text in manifests.skipped:
        warn(f"skipped {text}")
    if not (manifests.found or manifests.errors):
        print_error("no objects passed to apply")
        return 1
    results, failed = _apply_each(client, manifests.found, arguments)
    if results and arguments.output in ("json", "yaml"):
        print(format_object(_as_one(results), arguments.output))
    return 1 if failed or manifests.errors else 0


def _apply_each(
    client: ApiClient, manifests: list[Manifest], arguments: argparse.Namespace
) -> tuple[list[dict[str, Any]], int]:
    """The objects as they are then, and how many failed."""
    results, failed = [], 0
    dry_run = DryRun[arguments.dry_run.upper()]
    notes: dict[str, None] = {}
    for manifest in in_install_order(manifests):
        try:
            resource = resource_of(client, manifest)
            namespace = namespace_for(manifest, resource, arguments.namespace)
            change = plan_change(client, manifest, namespace=namespace)
            result = _carry_out(client, change, dry_run)
        except ForeignKind as foreign:
            notes[foreign.note] = None
            continue
        except KfsimError as error:
            print_error(f"{manifest.place}: {error.message}")
            failed += 1
            continue
        results.append(result)
        metadata = result["metadata"]
        name = f"{resource.full_name}/{metadata.get('name') or metadata.get('generateName')}"
        if arguments.output == "name":
            print(name)
        elif arguments.output is None:
            print(f"{name} {change.outcome(result)}{dry_run}", flush=True)
    for note in notes:
        warn(f"note: {note}")
    return results, failed


def _carry_out(client: ApiClient, change: Change, dry_run: DryRun) -> dict[str, Any]:
    if dry_run is DryRun.CLIENT:
        return change.wanted
    return carry_out(client, change, dry_run=dry_run is DryRun.SERVER)


def _as_one(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Several objects are a List, as kubectl prints them."""
    if len(results) == 1:
        return results[0]
    return {"apiVersion": "v1", "items": results, "kind": "List", "metadata": {}}
