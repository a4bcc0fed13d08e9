"""`kfsim get`: one or many objects, as kubectl prints them."""

import argparse
from typing import Any

from kfsim.cli.client import TABLE, ApiClient, Resource
from kfsim.cli.commands.common import (
    TARGETS_HELP,
    Subparsers,
    UsageError,
    add_namespace,
    add_parser,
    connect,
    parse_targets,
)
from kfsim.cli.output import evaluate_jsonpath, format_object, format_table, table_cells, warn


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "get", run, help="show one or many objects")
    parser.add_argument("words", nargs="+", metavar="TYPE [NAME…] | TYPE/NAME…", help=TARGETS_HELP)
    add_namespace(parser, every=True)
    parser.add_argument("-l", "--selector", help="label selector")
    parser.add_argument("--field-selector", help="field selector")
    parser.add_argument("-w", "--watch", action="store_true", help="then show every change")
    parser.add_argument("-o", "--output", help="wide, json, yaml, name or jsonpath=TEMPLATE")
    parser.add_argument("--no-headers", action="store_true", help="rows without the header")
    parser.add_argument(
        "--ignore-not-found", action="store_true", help="an object that is not there is no error"
    )


def run(arguments: argparse.Namespace) -> int:
    style = arguments.output or "table"
    if style not in ("table", "wide", "json", "yaml", "name") and not style.startswith("jsonpath="):
        raise UsageError(
            f"-o {style!r} is unknown; known are wide, json, yaml, name, jsonpath=TEMPLATE"
        )
    client = connect(arguments)
    targets = parse_targets(client, arguments.words)
    if style in ("table", "wide"):
        return _print_tables(client, targets, arguments)
    return _print_objects(client, targets, arguments, style)


def _query(arguments: argparse.Namespace) -> dict[str, str]:
    query = {}
    if arguments.selector:
        query["labelSelector"] = arguments.selector
    if arguments.field_selector:
        query["fieldSelector"] = arguments.field_selector
    return query


def _scope(arguments: argparse.Namespace) -> str | None:
    return None if arguments.all_namespaces else arguments.namespace


def _print_tables(
    client: ApiClient, targets: list[tuple[Resource, str | None]], arguments: argparse.Namespace
) -> int:
    tables: dict[Resource, dict[str, Any]] = {}
    for resource, name in targets:
        path = resource.path(_scope(arguments), name)
        table = client.get(path, accept=TABLE, **({} if name else _query(arguments)))
        if resource in tables:
            tables[resource]["rows"] = [*tables[resource]["rows"], *(table["rows"] or ())]
        else:
            tables[resource] = table
    several = sum(bool(table["rows"]) for table in tables.values()) > 1
    shown = False
    for resource, table in tables.items():
        if not table["rows"]:
            continue
        header, rows = _cells(resource, table, arguments, several=several)
        if shown:
            print()
        print(format_table([] if arguments.no_headers else header, rows), flush=True)
        shown = True
    if not shown and not arguments.watch:
        scope = "" if arguments.all_namespaces else f" in {arguments.namespace} namespace"
        warn(f"No resources found{scope}.")
    if arguments.watch:
        return _watch(client, targets, tables, arguments)
    return 0


def _cells(
    resource: Resource, table: dict[str, Any], arguments: argparse.Namespace, *, several: bool
) -> tuple[list[str], list[list[str]]]:
    header, rows = table_cells(
        table, wide=arguments.output == "wide", namespaces=arguments.all_namespaces
    )
    if several:
        column = 1 if arguments.all_namespaces else 0
        for row in rows:
            row[column] = f"{resource.full_name}/{row[column]}"
    return header, rows


def _watch(
    client: ApiClient,
    targets: list[tuple[Resource, str | None]],
    tables: dict[Resource, dict[str, Any]],
    arguments: argparse.Namespace,
) -> int:
    if len(tables) != 1:
        raise UsageError("-w follows one resource type")
    resource, name = targets[0]
    query = _query(arguments)
    if name is not None:
        query["fieldSelector"] = f"metadata.name={name}"
    query["resourceVersion"] = tables[resource]["metadata"].get("resourceVersion", "0")
    definitions = tables[resource]["columnDefinitions"]
    header_due = not tables[resource]["rows"] and not arguments.no_headers
    for event in client.watch(resource.path(_scope(arguments)), accept=TABLE, **query):
        if event["type"] in ("BOOKMARK", "ERROR"):
            continue
        table = {"columnDefinitions": definitions, **event["object"]}
        table["columnDefinitions"] = event["object"].get("columnDefinitions") or definitions
        header, rows = _cells(resource, table, arguments, several=False)
        if header_due:
            print("   ".join(header))
            header_due = False
        for row in rows:
            print("   ".join(row), flush=True)
    return 0


def _print_objects(
    client: ApiClient,
    targets: list[tuple[Resource, str | None]],
    arguments: argparse.Namespace,
    style: str,
) -> int:
    found: list[tuple[Resource, dict[str, Any]]] = []
    for resource, name in targets:
        answer = client.get(
            resource.path(_scope(arguments), name), **({} if name else _query(arguments))
        )
        if name is not None:
            found.append((resource, answer))
            continue
        for item in answer["items"]:
            full = {"apiVersion": resource.api_version, "kind": resource.kind, **item}
            found.append((resource, full))
    if style == "name":
        for resource, item in found:
            print(f"{resource.full_name}/{item['metadata']['name']}")
        return 0
    single = len(found) == 1 and targets[0][1] is not None
    items = [item for _, item in found]
    value: Any = (
        items[0] if single else {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}
    )
    if style.startswith("jsonpath="):
        print(evaluate_jsonpath(style.removeprefix("jsonpath="), value))
    else:
        print(format_object(value, style))
    return 0
