"""What a terminal shows in the end, and what a file gets."""

import io

from kfsim.cli.board import PlainBoard, TerminalBoard


def shown(text: str) -> list[str]:
    """The screen after the text: the few control sequences that a board uses."""
    lines, row = [""], 0
    position = 0
    while position < len(text):
        if text[position] == "\x1b":
            end = next(i for i in range(position, len(text)) if text[i].isalpha())
            count, verb = text[position + 2 : end], text[end]
            row += {"A": -1, "B": 1}.get(verb, 0) * int(count or 0)
            position = end + 1
            continue
        if text[position] == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif text[position] == "\r":
            lines[row] = ""  # what is not written over is cleared by the sequence K
        else:
            lines[row] += text[position]
        position += 1
    return [line for line in lines if line]


def test_a_file_gets_every_change() -> None:
    said: list[str] = []
    board = PlainBoard(said.append)
    board.tell("iris", "iris: Pending")
    board.tell("iris", "iris: Ready")
    assert said == ["iris: Pending", "iris: Ready"]


def test_a_terminal_keeps_a_line_for_each() -> None:
    stream = io.StringIO()
    board = TerminalBoard(stream, columns=80, rows=24)
    board.tell("iris", "iris: Pending")
    board.tell("rose", "rose: Pending")
    board.tell("iris", "iris: Ready")
    board.tell("iris", "iris: Ready")
    board.tell("rose", "rose: Failed")
    assert shown(stream.getvalue()) == ["iris: Ready", "rose: Failed"]
    assert stream.getvalue().count("iris: Ready") == 1


def test_a_line_never_wraps() -> None:
    stream = io.StringIO()
    TerminalBoard(stream, columns=10, rows=24).tell("iris", "iris: a long line")
    assert stream.getvalue() == "iris: a …\n"


def test_what_left_the_screen_goes_on_below() -> None:
    stream = io.StringIO()
    board = TerminalBoard(stream, columns=80, rows=3)
    for number in range(4):
        board.tell(str(number), f"{number}: Pending")
    board.tell("0", "0: Loading")
    board.tell("0", "0: Ready")
    assert shown(stream.getvalue())[-2:] == ["3: Pending", "0: Ready"]
