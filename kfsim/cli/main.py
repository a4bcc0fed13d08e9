"""The `kfsim` command: arguments in, exit code out (0 done, 1 failed, 2 wrong usage)."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from kfsim import __version__
from kfsim.base.errors import KfsimError
from kfsim.cli import commands
from kfsim.cli.output import print_error, warn


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = make_parser()
    given = parser.parse_args(arguments)
    if given.run is None:
        parser.print_help()
        return 2
    try:
        return int(given.run(given))
    except commands.UsageError as error:
        warn(f"kfsim: {error}")
        return 2
    except KfsimError as error:
        print_error(error.message)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `kfsim logs | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class Parser(argparse.ArgumentParser):
    """Says wrong usage as the commands do; argparse makes the subparsers of the same class."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"kfsim: {message}\n{self.format_usage()}")


def make_parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    parser = Parser(
        prog="kfsim",
        description="KServe on one host, without Kubernetes.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"kfsim {__version__}")
    parser.set_defaults(run=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in commands.MODULES:
        module.register(subparsers)
    return parser
