"""`kfsim schema`: the JSON schema of kfsim.yaml, for editors."""

import argparse
from importlib.resources import files

from kfsim.cli.commands.common import Subparsers


def register(subparsers: Subparsers) -> None:
    text = "print the JSON schema of kfsim.yaml, for an editor"
    parser = subparsers.add_parser("schema", help=text, description=text, allow_abbrev=False)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    schema = files("kfsim.daemon").joinpath("data/kfsim.schema.json")
    print(schema.read_text(encoding="utf-8"), end="")
    return 0
