"""`kfsim report`: what is honoured, substituted and ignored of everything that was applied."""

import argparse
import os

from kfsim.cli.commands.common import Subparsers, add_parser, connect
from kfsim.cli.fidelity import documents_of, make_report, report_lines
from kfsim.cli.fidelity_telling import fetch_all
from kfsim.cli.output import format_object, warn


def register(subparsers: Subparsers) -> None:
    text = "show what is honoured, substituted and ignored of what was applied"
    parser = add_parser(subparsers, "report", run, help=text)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only what comes from below these")
    parser.add_argument("-o", "--output", choices=("json", "yaml"), help="all of it, for programs")


def run(arguments: argparse.Namespace) -> int:
    client = connect(arguments)
    rows = fetch_all(client)
    if arguments.paths:
        roots = [os.path.realpath(path) for path in arguments.paths]
        rows = [row for row in rows if _is_below(row["source"], roots)]
    shown = {row["source"]: os.path.relpath(row["source"]) for row in rows if row["source"]}
    project = client.get("/kfsim/v1/status").get("project", "")
    report = make_report(documents_of(rows, shown), rows, project=project)
    if arguments.output:
        print(format_object(report, arguments.output))
    elif rows:
        print("\n".join(report_lines(report)))
    else:
        below = f" from {', '.join(arguments.paths)}" if arguments.paths else ""
        warn(f"nothing{below} was applied")
    return 0


def _is_below(source: str, roots: list[str]) -> bool:
    return any(source == root or source.startswith(root + os.sep) for root in roots)
