"""`kfsim delete`: remove objects by name, selector or manifest."""

import argparse
import time
from collections.abc import Iterator

from kfsim.base.errors import KfsimError, Timeout
from kfsim.base.quantities import parse_duration
from kfsim.cli.apply import namespace_of, resource_of
from kfsim.cli.client import ApiClient, ApiError, Resource
from kfsim.cli.commands.apply import add_file_flags, load_from_flags
from kfsim.cli.commands.common import (
    Subparsers,
    UsageError,
    add_namespace,
    add_parser,
    connect,
    parse_targets,
)
from kfsim.cli.output import print_error

_POLL_SECONDS = 0.1


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "delete", run, help="delete objects")
    parser.add_argument("words", nargs="*", metavar="TYPE NAME… | TYPE/NAME…")
    add_file_flags(parser)
    add_namespace(parser)
    parser.add_argument("-l", "--selector", help="label selector")
    parser.add_argument("--all", action="store_true", help="all objects of the type")
    parser.add_argument("--ignore-not-found", action="store_true")
    parser.add_argument("--wait", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--timeout", default="60s", help="how long to wait (default 60s)")


def run(arguments: argparse.Namespace) -> int:
    client = connect(arguments)
    failed = 0
    gone: list[tuple[Resource, str, str]] = []
    for resource, namespace, name in _targets(client, arguments):
        try:
            client.delete(resource.path(namespace, name))
        except ApiError as error:
            if not (error.is_not_found and arguments.ignore_not_found):
                print_error(error.message)
                failed += 1
            continue
        print(f'{resource.full_name} "{name}" deleted')
        gone.append((resource, namespace, name))
    if arguments.wait:
        _wait_until_gone(client, gone, timeout=parse_duration(arguments.timeout))
    return 1 if failed else 0


def _targets(
    client: ApiClient, arguments: argparse.Namespace
) -> Iterator[tuple[Resource, str, str]]:
    if arguments.filename or arguments.kustomize:
        manifests = load_from_flags(arguments)
        for text in manifests.errors:
            raise KfsimError(text)
        for manifest in manifests.found:
            resource = resource_of(client, manifest)
            place = namespace_of(manifest, resource, arguments.namespace)
            yield resource, place, manifest.document["metadata"]["name"]
        return
    for resource, name in parse_targets(client, arguments.words):
        if name is not None:
            yield resource, arguments.namespace, name
            continue
        if not (arguments.all or arguments.selector):
            raise UsageError("name the objects, or give --all or a selector")
        query = {"labelSelector": arguments.selector} if arguments.selector else {}
        for item in client.get(resource.path(arguments.namespace), **query)["items"]:
            yield resource, arguments.namespace, item["metadata"]["name"]


def _wait_until_gone(
    client: ApiClient, gone: list[tuple[Resource, str, str]], *, timeout: float
) -> None:
    deadline = time.monotonic() + timeout
    for resource, namespace, name in gone:
        while True:
            try:
                client.get(resource.path(namespace, name))
            except ApiError as error:
                if error.is_not_found:
                    break
                raise
            if time.monotonic() > deadline:
                raise Timeout(f"timed out waiting for {resource.full_name}/{name} to be gone")
            time.sleep(_POLL_SECONDS)
