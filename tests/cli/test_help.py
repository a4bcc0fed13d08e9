"""Every command, option and argument says what it is for."""

import argparse
from collections.abc import Iterator

import pytest

from kfsim.cli.main import make_parser


def _parsers(
    parser: argparse.ArgumentParser, words: str = "kfsim"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield words, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from _parsers(command, f"{words} {name}")


PARSERS = dict(_parsers(make_parser()))


@pytest.mark.parametrize("command", PARSERS)
def test_the_command_is_described(command: str) -> None:
    assert PARSERS[command].description


@pytest.mark.parametrize("command", PARSERS)
def test_each_of_its_arguments_has_a_help_text(command: str) -> None:
    without = [
        "/".join(action.option_strings) or action.dest
        for action in PARSERS[command]._actions
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]
    assert without == []


@pytest.mark.parametrize("command", PARSERS)
def test_the_help_can_be_printed(command: str) -> None:
    assert command in PARSERS[command].format_help()


def test_every_command_is_listed_with_what_it_does() -> None:
    for words, parser in PARSERS.items():
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                told = {each.dest for each in action._choices_actions if each.help}
                assert told == set(action.choices), words
