"""`kfsim why`: why a service is as it is."""

import argparse
from typing import Any

from kfsim.cli.commands.common import Subparsers, add_namespace, add_parser, connect


def register(subparsers: Subparsers) -> None:
    parser = add_parser(
        subparsers, "why", run, help="explain readiness, runtime, revision and scale of a service"
    )
    parser.add_argument("name", help="the InferenceService")
    add_namespace(parser)


def run(arguments: argparse.Namespace) -> int:
    client = connect(arguments)
    explanation = client.get(f"/kfsim/v1/why/{arguments.namespace}/{arguments.name}")
    print("\n".join(render(explanation)))
    return 0


def render(explanation: dict[str, Any]) -> list[str]:
    """Sections of sentences: a heading, then one indented line each."""
    lines: list[str] = []
    for section in explanation["sections"]:
        lines.append(section["title"])
        lines += [f"  {line}" for line in section["lines"]]
    return lines
