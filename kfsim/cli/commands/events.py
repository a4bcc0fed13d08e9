"""`kfsim events`: what happened, newest last."""

import argparse
from typing import Any

from kfsim.cli.client import TABLE, ApiClient
from kfsim.cli.commands.common import Subparsers, UsageError, add_namespace, add_parser, connect
from kfsim.cli.output import format_table, table_cells, warn


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "events", run, help="show what happened")
    add_namespace(parser, every=True)
    parser.add_argument("--for", dest="about", metavar="TYPE/NAME", help="events of one object")
    parser.add_argument("--types", help="Normal, Warning or both, separated by a comma")
    parser.add_argument("-w", "--watch", action="store_true", help="then show new ones")
    parser.add_argument("--no-headers", action="store_true", help="rows without the header")


def run(arguments: argparse.Namespace) -> int:
    client = connect(arguments)
    path = (
        "/api/v1/events"
        if arguments.all_namespaces
        else f"/api/v1/namespaces/{arguments.namespace}/events"
    )
    query = {}
    if arguments.about:
        query["fieldSelector"] = _selector(client, arguments.about)
    table = client.get(path, accept=TABLE, includeObject="Object", **query)
    table["rows"] = sorted(table["rows"] or (), key=last_seen)
    wanted = {word.strip().lower() for word in (arguments.types or "").split(",") if word.strip()}
    header, rows = table_cells(table, wide=False, namespaces=arguments.all_namespaces)
    rows = [row for row in rows if _is_wanted(header, row, wanted)]
    if rows:
        print(format_table([] if arguments.no_headers else header, rows), flush=True)
    elif not arguments.watch:
        warn("No events found.")
    if arguments.watch:
        version = table["metadata"].get("resourceVersion", "0")
        for event in client.watch(path, accept=TABLE, resourceVersion=version, **query):
            _print_event(event, table, arguments, wanted)
    return 0


def last_seen(row: dict[str, Any]) -> tuple[str, int]:
    """What rows are sorted by, as by `kubectl events`: the last time, and within a second of it
    the order in which they were written."""
    event = row["object"]
    series = event.get("series") or {}
    times = (event.get("lastTimestamp"), series.get("lastObservedTime"), event.get("eventTime"))
    return next(filter(None, times), ""), int(event["metadata"]["resourceVersion"])


def _print_event(
    event: dict[str, Any],
    table: dict[str, Any],
    arguments: argparse.Namespace,
    wanted: set[str],
) -> None:
    if event["type"] not in ("ADDED", "MODIFIED"):
        return
    shown = {**event["object"], "columnDefinitions": table["columnDefinitions"]}
    header, rows = table_cells(shown, wide=False, namespaces=arguments.all_namespaces)
    for row in rows:
        if _is_wanted(header, row, wanted):
            print("   ".join(row), flush=True)


def _selector(client: ApiClient, about: str) -> str:
    word, slash, name = about.partition("/")
    if not slash or not name:
        raise UsageError(f"--for {about!r} is not TYPE/NAME")
    return f"involvedObject.kind={client.resource(word).kind},involvedObject.name={name}"


def _is_wanted(header: list[str], row: list[str], wanted: set[str]) -> bool:
    return not wanted or row[header.index("TYPE")].lower() in wanted
