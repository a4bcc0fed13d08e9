"""The argument parser: says wrong usage as the commands do, and what was probably meant."""

import argparse
import difflib
from collections.abc import Sequence
from typing import Any, NoReturn

# What people try because kubectl has it; the API address takes it from kubectl itself.
_KUBECTL_COMMANDS = frozenset(
    {
        "annotate", "api-resources", "api-versions", "cluster-info", "config", "create", "edit",
        "exec", "explain", "kustomize", "label", "patch", "port-forward", "replace", "rollout",
        "scale", "set", "version",
    }
)  # fmt: skip
_AS_KUBECTL = frozenset({"apply", "delete", "describe", "diff", "events", "get", "logs", "wait"})
_KUBECTL = 'eval "$(kfsim env)" && kubectl'
# What other tools call it.
_SYNONYMS = {
    "start": "up", "run": "up", "stop": "down", "ls": "get isvc", "ps": "get pods",
    "list": "get isvc", "status": "get isvc", "rm": "delete", "log": "logs", "lint": "validate",
    "check": "doctor", "infer": "predict", "test": "predict",
}  # fmt: skip


class Parser(argparse.ArgumentParser):
    """argparse makes the subparsers of the same class."""

    def error(self, message: str) -> NoReturn:
        """A line with what is wrong, then how it is used."""
        self.exit(2, f"kfsim: {message}\n{self.format_usage()}")

    # argparse's own signature has overloads that say no more.
    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> argparse.Namespace:
        """What no command takes is an error of the command, with its usage."""
        given, unknown = self.parse_known_args(args, namespace)
        if unknown:
            command = getattr(given, "command", None)
            parser = self._commands().get(command, self) if command else self
            parser.error(describe_unknown(unknown, command=command, known=parser.flags()))
        parsed: argparse.Namespace = given
        return parsed

    def flags(self) -> list[str]:
        """The long ones."""
        return [flag for flag in self._option_string_actions if flag.startswith("--")]

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Instead of a list of all commands, the one that was probably meant."""
        if action.nargs == argparse.PARSER and value not in (known := list(action.choices or ())):
            raise argparse.ArgumentError(None, describe_command(str(value), known))
        super()._check_value(action, value)

    def _commands(self) -> dict[str, "Parser"]:
        for action in self._actions:
            if isinstance(action.choices, dict):
                return dict(action.choices)
        return {}


def describe_command(word: str, known: Sequence[str]) -> str:
    """What to type instead of a command that does not exist."""
    text = f'there is no command "{word}"'
    if word in _KUBECTL_COMMANDS:
        return f"{text}; kubectl has it: {_KUBECTL} {word} …"
    near = difflib.get_close_matches(word, known, n=1)
    meant = _SYNONYMS.get(word) or (near[0] if near else "")
    return f'{text}; did you mean "{meant}"?' if meant else f"{text}; see kfsim --help"


def describe_unknown(unknown: Sequence[str], *, command: str | None, known: Sequence[str]) -> str:
    """What to type instead of arguments that no command takes."""
    text = f"unrecognized arguments: {' '.join(unknown)}"
    flag = unknown[0].partition("=")[0]
    near = difflib.get_close_matches(flag, known, n=1) if flag.startswith("--") else []
    if near:
        return f"{text}; did you mean {near[0]}?"
    if command in _AS_KUBECTL and flag.startswith("-"):
        return f"{text}; where kubectl has it: {_KUBECTL} {command} …"
    return text
