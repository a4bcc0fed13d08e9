"""What was probably meant by the name of an object that does not exist."""

import argparse
import difflib
from collections.abc import Sequence
from typing import Any

from kfsim.base.errors import KfsimError
from kfsim.cli.client import ApiClient, ApiError
from kfsim.cli.commands.common import connect
from kfsim.cli.output import print_error, warn

_NEAR = 0.7  # difflib's 0.6 finds "lost" for "ghost"


def complain(arguments: argparse.Namespace, error: KfsimError) -> None:
    """Print what failed, and below it what was probably meant."""
    print_error(error.message)
    if isinstance(error, ApiError) and (nearby := find_nearby(arguments, error)):
        warn(nearby)


def find_nearby(arguments: argparse.Namespace, error: ApiError) -> str:
    """A line for below a NotFound error; empty where nothing is near."""
    details = error.status.get("details") or {}
    if not error.is_not_found or not details.get("name"):
        return ""
    try:
        return _look(connect(arguments), details, getattr(arguments, "namespace", None))
    except KfsimError:
        return ""  # the first error matters


def _look(client: ApiClient, details: dict[str, Any], namespace: str | None) -> str:
    group, kind = details.get("group", ""), details.get("kind", "")
    for resource in client.all_resources():
        if resource.group == group and kind in (resource.plural, resource.kind):
            items = client.get(resource.path(None))["items"]
            found = [
                (item["metadata"].get("namespace", ""), item["metadata"]["name"]) for item in items
            ]
            scope = namespace or "default" if resource.namespaced else ""
            return describe_nearby(details["name"], scope, found)
    return ""


def describe_nearby(name: str, namespace: str, found: Sequence[tuple[str, str]]) -> str:
    """`found`: namespaces and names of the kind, everywhere."""
    elsewhere = [space for space, each in found if each == name and space != namespace]
    if elsewhere:
        return f"it is in namespace {elsewhere[0]}: -n {elsewhere[0]}"
    here = [each for space, each in found if space == namespace]
    if near := difflib.get_close_matches(name, here, n=1, cutoff=_NEAR):
        return f"did you mean {near[0]}?"
    far = difflib.get_close_matches(name, [each for _, each in found], n=1, cutoff=_NEAR)
    for space, each in found:
        if far and each == far[0]:
            return f"did you mean {each} in namespace {space}: -n {space}?"
    return ""
