"""One module per command, of its name; each has `register(subparsers)` and a `run(arguments) ->
exit code`.

A command is imported when it is asked for: together they need what no single one does.
"""

from importlib import import_module
from typing import Final, Protocol, cast

from kfsim.cli.commands.common import Subparsers, UsageError

NAMES: Final = (
    "up", "serve", "down", "apply", "diff", "delete", "get", "describe", "logs", "events", "wait",
    "predict", "top", "why", "env", "validate", "doctor", "report", "convert", "schema", "images",
)  # fmt: skip
"""In the order of the help."""


class Command(Protocol):
    """What each module offers."""

    def register(self, subparsers: Subparsers, /) -> None:
        """Add the command's parser."""
        ...


def load(name: str) -> Command:
    """The module of one of NAMES."""
    return cast(Command, import_module(f"kfsim.cli.commands.{name}"))


__all__ = ["NAMES", "Command", "UsageError", "load"]
