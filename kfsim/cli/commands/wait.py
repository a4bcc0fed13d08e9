"""`kfsim wait`: until a condition holds, an object is gone, or a field has a value."""

import argparse
import time
from collections.abc import Callable
from typing import Any

from kfsim.base.quantities import parse_duration
from kfsim.cli.client import ApiClient, ApiError, Resource
from kfsim.cli.commands.common import (
    TARGETS_HELP,
    Subparsers,
    UsageError,
    add_namespace,
    add_parser,
    connect,
    parse_targets,
)
from kfsim.cli.output import find_path, print_error

_POLL_SECONDS = 0.05
Check = Callable[[dict[str, Any] | None], bool]


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "wait", run, help="wait for a condition")
    parser.add_argument("words", nargs="+", metavar="TYPE NAME… | TYPE/NAME…", help=TARGETS_HELP)
    parser.add_argument(
        "--for",
        dest="goal",
        required=True,
        metavar="condition=NAME[=VALUE] | delete | jsonpath={PATH}=VALUE",
        help="what to wait for; a condition's VALUE is True by default",
    )
    parser.add_argument("--timeout", default="30s", help="how long to wait (default 30s)")
    parser.add_argument("--all", action="store_true", help="all objects of the type")
    add_namespace(parser)


def run(arguments: argparse.Namespace) -> int:
    check = parse_goal(arguments.goal)
    try:
        deadline = time.monotonic() + parse_duration(arguments.timeout)
    except ValueError as error:
        raise UsageError(f"--timeout: {error}") from None
    client = connect(arguments)
    failed = 0
    for resource, name in _targets(client, arguments):
        if _wait(client, resource.path(arguments.namespace, name), check, deadline):
            print(f"{resource.full_name}/{name} condition met")
        else:
            print_error(f"timed out waiting for the condition on {resource.plural}/{name}")
            failed += 1
    return 1 if failed else 0


def _targets(client: ApiClient, arguments: argparse.Namespace) -> list[tuple[Resource, str]]:
    targets: list[tuple[Resource, str]] = []
    for resource, name in parse_targets(client, arguments.words):
        if name is not None:
            targets.append((resource, name))
        elif arguments.all:
            listing = client.get(resource.path(arguments.namespace))
            targets += [(resource, item["metadata"]["name"]) for item in listing["items"]]
        else:
            raise UsageError("name the objects, or give --all")
    return targets


def parse_goal(goal: str) -> Check:
    """The test of `--for`; it is given the object, or None once it is gone."""
    kind, _, rest = goal.partition("=")
    if goal == "delete":
        return lambda item: item is None
    if kind == "condition" and rest:
        name, _, value = rest.partition("=")
        wanted = (value or "True").lower()
        return lambda item: item is not None and _condition(item, name) == wanted
    if kind == "jsonpath" and rest:
        path, brace, value = rest.partition("}")
        if brace and path.startswith("{"):
            expected = value.removeprefix("=")
            return lambda item: _has_value(item, path[1:], expected)
    raise UsageError(
        f"--for {goal!r} is unknown; known are condition=NAME[=VALUE], delete, "
        "jsonpath={PATH}=VALUE"
    )


def _condition(item: dict[str, Any], name: str) -> str:
    """The condition's status in lower case; a stale one (older generation) counts as unknown."""
    status = item.get("status") or {}
    observed = status.get("observedGeneration")
    if observed is not None and observed < item["metadata"].get("generation", 0):
        return "unknown"
    for condition in status.get("conditions", ()):
        if condition["type"].lower() == name.lower():
            return str(condition["status"]).lower()
    return "unknown"


def _has_value(item: dict[str, Any] | None, path: str, expected: str) -> bool:
    if item is None:
        return False
    found = find_path(path, item)
    return bool(found) and (not expected or any(str(value) == expected for value in found))


def _wait(client: ApiClient, path: str, check: Check, deadline: float) -> bool:
    seen = False
    while True:
        item: dict[str, Any] | None
        try:
            item, seen = client.get(path), True
        except ApiError as error:
            if not error.is_not_found:
                raise
            item = None
        if check(item):
            return True
        if item is None and not seen:
            client.get(path)  # kubectl: waiting for what does not exist is an error, not a wait
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
