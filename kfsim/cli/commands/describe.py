"""`kfsim describe`: one object in full, with its events."""

import argparse
from typing import Any

from kfsim.base.clock import parse_timestamp
from kfsim.cli.client import ApiClient, Resource
from kfsim.cli.commands.common import (
    TARGETS_HELP,
    Subparsers,
    add_namespace,
    add_parser,
    connect,
    parse_targets,
)
from kfsim.cli.output import format_cell, format_table

_HIDDEN_ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration",)
_LABEL_WIDTH = 14


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "describe", run, help="show an object in full, with events")
    parser.add_argument("words", nargs="+", metavar="TYPE [NAME…] | TYPE/NAME…", help=TARGETS_HELP)
    add_namespace(parser)


def run(arguments: argparse.Namespace) -> int:
    client = connect(arguments)
    texts = []
    for resource, name in parse_targets(client, arguments.words):
        if name is not None:
            names = [name]
        else:
            listing = client.get(resource.path(arguments.namespace))
            names = [item["metadata"]["name"] for item in listing["items"]]
        for each in names:
            item = client.get(resource.path(arguments.namespace, each))
            texts.append(_describe(client, resource, item))
    print("\n\n\n".join(texts))
    return 0


def _describe(client: ApiClient, resource: Resource, item: dict[str, Any]) -> str:
    metadata = item["metadata"]
    lines = [_field("Name", metadata["name"])]
    if metadata.get("namespace"):
        lines.append(_field("Namespace", metadata["namespace"]))
    lines += _map("Labels", metadata.get("labels") or {}, "=")
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key not in _HIDDEN_ANNOTATIONS
    }
    lines += _map("Annotations", annotations, ": ")
    lines.append(_field("API Version", item.get("apiVersion", resource.api_version)))
    lines.append(_field("Kind", item.get("kind", resource.kind)))
    for key, value in item.items():
        if key in ("apiVersion", "kind"):
            continue
        if key == "metadata":
            value = {
                name: each
                for name, each in metadata.items()
                if name not in ("name", "namespace", "labels", "annotations", "managedFields")
            }
        if resource.kind == "Secret" and key == "data":
            value = {name: f"{len(each)} bytes in base64" for name, each in value.items()}
        lines += _tree(_title(key), value, 0)
    lines.append(_events(client, metadata))
    return "\n".join(lines)


def _field(name: str, value: str) -> str:
    return f"{name}:".ljust(_LABEL_WIDTH) + value


def _map(name: str, values: dict[str, str], separator: str) -> list[str]:
    if not values:
        return [_field(name, "<none>")]
    rows = [f"{key}{separator}{value}" for key, value in sorted(values.items())]
    return [_field(name, rows[0]), *(" " * _LABEL_WIDTH + row for row in rows[1:])]


def _title(key: str) -> str:
    """`latestReadyRevision` becomes `Latest Ready Revision`."""
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in key)
    return words[:1].upper() + words[1:]


def _tree(name: str, value: Any, depth: int) -> list[str]:
    indent = "  " * depth
    if isinstance(value, dict):
        lines = [f"{indent}{name}:"]
        for key in value:
            title = _title(key) if key[:1].islower() and "/" not in key and "." not in key else key
            lines += _tree(title, value[key], depth + 1)
        return lines
    if isinstance(value, list):
        lines = [f"{indent}{name}:"]
        for member in value:
            if isinstance(member, dict):
                for key, each in member.items():
                    lines += _tree(_title(key), each, depth + 1)
            else:
                lines.append(f"{indent}  {format_cell(member)}")
        return lines
    return [f"{indent}{name}:  {format_cell(value)}"]


def _events(client: ApiClient, metadata: dict[str, Any]) -> str:
    namespace = metadata.get("namespace") or "default"
    events = client.get(
        f"/api/v1/namespaces/{namespace}/events",
        fieldSelector=f"involvedObject.uid={metadata.get('uid', '')}",
    )["items"]
    if not events:
        return _field("Events", "<none>")
    events.sort(key=lambda event: parse_timestamp(event["lastTimestamp"]))
    rows = [
        [
            event.get("type", ""),
            event.get("reason", ""),
            event.get("lastTimestamp", ""),
            (event.get("source") or {}).get("component", ""),
            event.get("message", "") + _times(event),
        ]
        for event in events
    ]
    table = format_table(["Type", "Reason", "Last Seen", "From", "Message"], rows)
    return "Events:\n" + "\n".join("  " + line for line in table.splitlines())


def _times(event: dict[str, Any]) -> str:
    count = event.get("count") or 1
    return f" (x{count})" if count > 1 else ""
