"""docs/reference/cli.md: every command with its arguments, from the parsers themselves."""

import argparse
from collections.abc import Iterator

from docs.generate.markdown import code, page, table
from kfsim.cli.main import make_parser

_EXIT_CODES = (
    "Exit codes: 0 done; 1 failed, with the reason on standard error; 2 wrong usage. "
    "`diff` follows `kubectl diff`: 1 means that there are differences, 2 an error."
)


def render_cli() -> str:
    """The page."""
    parser = make_parser()
    commands = dict(_subcommands(parser))
    summary = table(
        ["command", "does"],
        (
            [f"[{code(f'kfsim {name}')}](#kfsim-{name})", text]
            for name, (_, text) in commands.items()
        ),
    )
    sections = [
        section
        for name, (command, text) in commands.items()
        for section in _command(name, command, text)
    ]
    return page("Command line", _EXIT_CODES, summary, *sections)


def _subcommands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, tuple[argparse.ArgumentParser, str]]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield name, (command, helps.get(name, ""))


def _command(name: str, command: argparse.ArgumentParser, text: str) -> Iterator[str]:
    nested = dict(_subcommands(command))
    yield f"## kfsim {name}"
    description = command.description or text
    yield description[:1].upper() + description[1:].rstrip(".") + "."
    if not nested:
        yield f"```\nkfsim {name}{_usage(command)}\n```"
    if rows := list(_arguments(command)):
        yield table(["argument", "meaning", "default"], rows)
    if command.epilog:
        yield command.epilog
    for word, (child, child_text) in nested.items():
        yield from _command(f"{name} {word}", child, child_text)


def _visible(command: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in command._actions:
        hidden = action.help == argparse.SUPPRESS or "-h" in action.option_strings
        if not hidden and not isinstance(action, argparse._SubParsersAction):
            yield action


def _usage(command: argparse.ArgumentParser) -> str:
    """Positional arguments only: the table has the options."""
    actions = list(_visible(command))
    words = [" [OPTION…]"] if any(action.option_strings for action in actions) else []
    words += [f" {_positional(action)}" for action in actions if not action.option_strings]
    return "".join(words)


def _positional(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest.upper())
    if action.nargs in ("?", "*"):
        return f"[{name}]" if action.nargs == "?" or "…" in name else f"[{name}…]"
    return name if action.nargs != "+" or "…" in name else f"{name}…"


def _arguments(command: argparse.ArgumentParser) -> Iterator[list[str]]:
    for action in _visible(command):
        name = ", ".join(
            code(f"{option}{_value(action)}") for option in action.option_strings
        ) or code(_positional(action))
        yield [name, action.help or "", _default(action)]


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.metavar:
        return f" {action.metavar}"
    if action.choices:
        return " " + "/".join(map(str, action.choices))
    return f" {action.dest.upper()}"


def _default(action: argparse.Action) -> str:
    default = action.default
    if default in (None, False, True, argparse.SUPPRESS) or default == []:
        return ""
    return code(str(default))
