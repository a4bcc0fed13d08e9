"""Where the objects of a command come from: `-f`, `-k`, `-R` and `-n`, as kubectl has them."""

import argparse
import os
from collections.abc import Iterable

from kfsim.base.errors import BadRequest
from kfsim.cli.apply import namespace_of
from kfsim.cli.client import Resource
from kfsim.cli.commands.common import UsageError
from kfsim.cli.manifests import Manifest, Manifests, load_kustomization, load_paths

DEFAULT_NAMESPACE = "default"


def add_file_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-f",
        "--filename",
        action="extend",
        type=_split,
        metavar="PATH",
        help="file, folder, http(s) address, or - for standard input; may be given again",
    )
    parser.add_argument("-k", "--kustomize", metavar="FOLDER", help="a kustomization")
    parser.add_argument("-R", "--recursive", action="store_true", help="folders within folders")
    parser.add_argument(
        "-n", "--namespace", help="for objects that name none; others must be in it"
    )


def _split(text: str) -> list[str]:
    """kubectl takes `-f a.yaml,b.yaml` too; a file whose name has the comma wins."""
    return [text] if os.path.exists(text) else text.split(",")


def load_from_flags(arguments: argparse.Namespace, *, plain: Iterable[str] = ()) -> Manifests:
    """What `-f` and `-k` name, and paths without a flag. Raises UsageError."""
    check_file_flags(arguments, plain=plain)
    if arguments.kustomize:
        return load_kustomization(arguments.kustomize)
    first = load_paths(plain)
    flagged = load_paths(arguments.filename or (), recursive=arguments.recursive)
    return Manifests(
        found=first.found + flagged.found,
        skipped=first.skipped + flagged.skipped,
        errors=first.errors + flagged.errors,
    )


def check_file_flags(arguments: argparse.Namespace, *, plain: Iterable[str] = ()) -> None:
    """Raises UsageError."""
    if bool(arguments.filename or list(plain)) == bool(arguments.kustomize):
        raise UsageError("give either -f PATH or -k FOLDER")
    if arguments.kustomize and arguments.recursive:
        raise UsageError("-R goes with -f; a kustomization lists its own folders")


def namespace_for(manifest: Manifest, resource: Resource, given: str | None) -> str:
    """The object's namespace. Raises BadRequest in kubectl's words where `-n` names another one
    (cli-runtime pkg/resource/visitor.go, RequireNamespace)."""
    place = namespace_of(manifest, resource, given or DEFAULT_NAMESPACE)
    if given and place and place != given:
        raise BadRequest(
            f'the namespace from the provided object "{place}" does not match the namespace '
            f"\"{given}\". You must pass '--namespace={place}' to perform this operation."
        )
    return place
