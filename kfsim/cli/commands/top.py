"""`kfsim top`: the GPUs of this host, how busy they are, and whose they are."""

import argparse
from typing import Any

from kfsim.cli.commands.common import Subparsers, add_parser, connect
from kfsim.cli.output import format_object, format_table, warn

_HEADER = ("INDEX", "NAME", "UUID", "MEMORY-USED", "MEMORY-TOTAL", "UTIL", "PODS")
_MEBIBYTE = 2**20


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "top", run, help="show GPUs and who uses them")
    parser.add_argument("-o", "--output", choices=("json", "yaml"), help="all of it, for programs")
    parser.add_argument("--no-headers", action="store_true", help="rows without the header")


def run(arguments: argparse.Namespace) -> int:
    document = connect(arguments).get("/kfsim/v1/top")
    if arguments.output:
        print(format_object(document, arguments.output))
    elif document["gpus"]:
        rows = [_row(gpu) for gpu in document["gpus"]]
        print(format_table([] if arguments.no_headers else _HEADER, rows))
    else:
        warn(document["reason"])
    return 0


def _row(gpu: dict[str, Any]) -> list[str]:
    percent = gpu["utilizationPercent"]
    pods = dict.fromkeys(f"{pod['namespace']}/{pod['name']}" for pod in gpu["pods"])
    return [
        str(gpu["index"]),
        gpu["name"],
        gpu["uuid"],
        _mebibytes(gpu["memoryUsed"]),
        _mebibytes(gpu["memoryTotal"]),
        "<unknown>" if percent is None else f"{percent}%",
        ",".join(pods) or "<none>",
    ]


def _mebibytes(count: int) -> str:
    """As `kubectl top` writes memory."""
    return f"{count // _MEBIBYTE}Mi"
