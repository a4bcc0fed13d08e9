"""The `kfsim` command: arguments in, exit code out (0 done, 1 failed, 2 wrong usage)."""

import os
import sys
from collections.abc import Sequence

from kfsim import __version__
from kfsim.base.errors import KfsimError
from kfsim.cli import commands
from kfsim.cli.commands.nearby import complain
from kfsim.cli.output import warn
from kfsim.cli.parser import Parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    open_standard_streams()
    words = sys.argv[1:] if arguments is None else arguments
    parser = make_parser(_needed(words))
    given = parser.parse_args(words)
    if given.run is None:
        parser.print_help()
        return 2
    try:
        return int(given.run(given))
    except commands.UsageError as error:
        warn(f"kfsim: {error}")
        return 2
    except KfsimError as error:
        complain(given, error)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `kfsim logs | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def open_standard_streams() -> None:
    """Put /dev/null where a script or a service manager started us without a standard stream.

    Its number would be given to the next socket or file that is opened, and children, who take
    0, 1 and 2 for streams, would read and write there.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, "r")
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")


def _needed(words: Sequence[str]) -> Sequence[str]:
    """The command that is asked for; all of them where none is, to be listed."""
    return words[:1] if words and words[0] in commands.NAMES else commands.NAMES


def make_parser(names: Sequence[str] = commands.NAMES) -> Parser:
    """These commands and their flags."""
    parser = Parser(
        prog="kfsim",
        description="KServe on one host, without Kubernetes.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"kfsim {__version__}")
    parser.set_defaults(run=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name in names:
        commands.load(name).register(subparsers)
    return parser
