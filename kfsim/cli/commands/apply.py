"""`kfsim apply`: create or update what manifests say."""

import argparse

from kfsim.base.errors import KfsimError
from kfsim.cli.apply import apply_manifest
from kfsim.cli.commands.common import Subparsers, UsageError, add_namespace, add_parser, connect
from kfsim.cli.manifests import Manifests, load_kustomization, load_paths
from kfsim.cli.output import print_error, warn


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "apply", run, help="create or update objects from manifests")
    add_file_flags(parser)
    add_namespace(parser)


def add_file_flags(parser: argparse.ArgumentParser) -> None:
    """`-f`, `-k` and `-R`, as kubectl has them."""
    parser.add_argument("-f", "--filename", action="append", metavar="PATH", help="file, folder, -")
    parser.add_argument("-k", "--kustomize", metavar="FOLDER", help="a kustomization")
    parser.add_argument("-R", "--recursive", action="store_true", help="folders within folders")


def load_from_flags(arguments: argparse.Namespace) -> Manifests:
    """What `-f` and `-k` name. Raises UsageError when neither is given."""
    if bool(arguments.filename) == bool(arguments.kustomize):
        raise UsageError("give either -f PATH or -k FOLDER")
    if arguments.kustomize:
        return load_kustomization(arguments.kustomize)
    return load_paths(arguments.filename, recursive=arguments.recursive)


def run(arguments: argparse.Namespace) -> int:
    manifests = load_from_flags(arguments)
    client = connect(arguments)
    failed = len(manifests.errors)
    for text in manifests.errors:
        print_error(text)
    for text in manifests.skipped:
        warn(f"skipped {text}")
    for manifest in manifests.found:
        try:
            name, outcome = apply_manifest(client, manifest, namespace=arguments.namespace)
        except KfsimError as error:
            place = f"{manifest.source}:{manifest.line}" if manifest.source else "stdin"
            print_error(f"{place}: {error.message}")
            failed += 1
        else:
            print(f"{name} {outcome}")
    return 1 if failed else 0
