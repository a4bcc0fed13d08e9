"""Flags and steps that several commands share."""

import argparse
from collections.abc import Callable
from typing import Any

from kfsim.cli.client import ApiClient, Resource
from kfsim.cli.discovery import find_daemon

Subparsers = Any  # argparse keeps the class of add_subparsers' result private
TARGETS_HELP = "a type (isvc; isvc,pods; all) with or without names, or TYPE/NAME pairs"


class UsageError(Exception):
    """The command line cannot be carried out as written; exit code 2."""


def add_parser(
    subparsers: Subparsers,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    help: str,  # noqa: A002  # argparse's own word
) -> argparse.ArgumentParser:
    """A command's parser with the flags that say which daemon."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name, help=help, description=help, allow_abbrev=False
    )
    parser.set_defaults(run=run)
    group = parser.add_argument_group("which daemon")
    group.add_argument("--api", metavar="HOST:PORT", help="the daemon's API address (KFSIM_API)")
    group.add_argument("--project", metavar="NAME", help="the project's name")
    group.add_argument(
        "--state-dir", metavar="DIR", help="the project's state directory (KFSIM_STATE_DIR)"
    )
    return parser


def add_namespace(parser: argparse.ArgumentParser, *, every: bool = False) -> None:
    parser.add_argument("-n", "--namespace", default="default", help="default: default")
    if every:
        parser.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces")


def connect(arguments: argparse.Namespace) -> ApiClient:
    """A client of the daemon that the arguments mean. Raises Unavailable with the mend."""
    if arguments.api:
        return ApiClient(arguments.api)
    return ApiClient(find_daemon(project=arguments.project, state_dir=arguments.state_dir).api)


def parse_targets(client: ApiClient, words: list[str]) -> list[tuple[Resource, str | None]]:
    """kubectl's ways to name things: `isvc`, `isvc NAME…`, `isvc/NAME…`, `isvc,pods`, `all`."""
    if not words:
        raise UsageError("name a resource, for example: isvc, pods, isvc/NAME")
    if "/" in words[0]:
        targets: list[tuple[Resource, str | None]] = []
        for word in words:
            kind, slash, name = word.partition("/")
            if not slash or not kind or not name:
                raise UsageError(f"{word!r} is not TYPE/NAME; give all of them as TYPE/NAME")
            targets.append((client.resource(kind), name))
        return targets
    resources = [item for word in words[0].split(",") for item in client.resources(word)]
    if len(words) == 1:
        return [(resource, None) for resource in resources]
    if len(resources) > 1:
        raise UsageError("names need one resource type; use TYPE/NAME for several types")
    return [(resources[0], name) for name in words[1:]]
