import pytest

from kfsim.cli.main import main
from kfsim.cli.parser import describe_command, describe_unknown

COMMANDS = ("up", "down", "get", "images")


@pytest.mark.parametrize(
    ("word", "mend"),
    [
        ("upp", 'did you mean "up"?'),
        ("image", 'did you mean "images"?'),
        ("start", 'did you mean "up"?'),
        ("explain", 'kubectl has it: eval "$(kfsim env)" && kubectl explain …'),
        ("zzz", "see kfsim --help"),
    ],
)
def test_a_command_that_does_not_exist(word: str, mend: str) -> None:
    assert describe_command(word, COMMANDS) == f'there is no command "{word}"; {mend}'


@pytest.mark.parametrize(
    ("unknown", "command", "mend"),
    [
        (["--gatway", "x"], "up", "; did you mean --gateway?"),
        (["--gatway=x"], "up", "; did you mean --gateway?"),
        (["--show-labels"], "get", '; where kubectl has it: eval "$(kfsim env)" && kubectl get …'),
        (["--zzz"], "up", ""),
        (["pods"], "top", ""),
    ],
)
def test_arguments_that_nothing_takes(unknown: list[str], command: str, mend: str) -> None:
    text = describe_unknown(unknown, command=command, known=["--gateway", "--api"])
    assert text == f"unrecognized arguments: {' '.join(unknown)}{mend}"


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (["upp"], "usage: kfsim [-h] [--version] COMMAND ..."),
        (["up", "--gatway", "x"], "usage: kfsim up "),
        (["--zzz"], "usage: kfsim [-h] [--version] COMMAND ..."),
        (["images", "bild"], "usage: kfsim images "),
    ],
)
def test_the_usage_is_that_of_the_command(
    words: list[str], usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith("kfsim: ")
    assert f"\n{usage}" in said
