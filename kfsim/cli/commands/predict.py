"""`kfsim predict`: one request through the gateway; the answer on stdout, the rest on stderr."""

import argparse
import json
import sys
import time
from typing import Any

from kfsim.base.errors import KfsimError, Unavailable
from kfsim.cli.commands.common import Subparsers, UsageError, add_namespace, add_parser, connect
from kfsim.cli.output import warn, why_command
from kfsim.cli.request import Answer, prediction_path, send


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "predict", run, help="send one prediction request")
    parser.add_argument("name", help="the InferenceService")
    parser.add_argument(
        "-d",
        "--data",
        required=True,
        metavar="JSON|@FILE",
        help="the body; @FILE: from a file, @-: from standard input",
    )
    parser.add_argument("--path", help="default: V1 or V2 predict, by the shape of the data")
    parser.add_argument(
        "--timeout",
        type=float,
        default=310.0,
        metavar="SECONDS",
        help="how long to wait for the answer",
    )
    add_namespace(parser)


def run(arguments: argparse.Namespace) -> int:
    body = read_data(arguments.data)
    client = connect(arguments)
    service = client.get(client.resource("isvc").path(arguments.namespace, arguments.name))
    gateway = client.get("/kfsim/v1/status")["gateway"]
    path = arguments.path or prediction_path(arguments.name, body)
    started = time.monotonic()
    answer = send(
        gateway,
        f"/serving/{arguments.namespace}/{arguments.name}{path}",
        body,
        timeout=arguments.timeout,
    )
    if is_without_route(answer):
        why = client.get(f"/kfsim/v1/why/{arguments.namespace}/{arguments.name}")
        if not why["ready"]:
            raise Unavailable(explain_silence(service, why["reason"]))
    report(answer, time.monotonic() - started)
    if answer.status >= 400:
        raise KfsimError(f"{arguments.name} answered HTTP {answer.status}: {answer.text()}")
    print(answer.text())
    return 0


def is_without_route(answer: Answer) -> bool:
    """Whether the gateway knows no such service; a replica's own 404 names its revision."""
    return answer.status == 404 and not answer.header("kfsim-revision")


def explain_silence(service: dict[str, Any], reason: str) -> str:
    """Why nothing answers for a service that exists."""
    name, place = service["metadata"]["name"], service["metadata"]["namespace"]
    # Once given, a URL stays.
    state = "is not ready" if (service.get("status") or {}).get("url") else "has never been ready"
    more = why_command(place, name)
    known = reason or "it is still coming up"
    return f"{name} {state}, so nothing answers: {known}; `{more}` tells more"


def read_data(data: str) -> bytes:
    """The request's body; raises UsageError when a named file cannot be read."""
    if data == "@-":
        return sys.stdin.buffer.read()
    if data.startswith("@"):
        try:
            with open(data[1:], "rb") as file:
                return file.read()
        except OSError as error:
            raise UsageError(f"-d {data}: {error.strerror or error}") from None
    try:
        json.loads(data)
    except ValueError as error:
        raise UsageError(f"-d is not JSON ({error}); a file is named with @FILE") from None
    return data.encode()


def report(answer: Answer, seconds: float) -> None:
    """Who answered, and how long it took, on standard error."""
    revision = answer.header("kfsim-revision") or "no revision"
    replica = answer.header("kfsim-replica") or "no replica"
    start = answer.header("kfsim-start") or "refused"
    warn(f"{revision}  {replica}  {seconds * 1000:.1f} ms  {start}")
