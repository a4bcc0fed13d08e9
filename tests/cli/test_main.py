"""Exit codes: 0 done, 1 failed with the reason, 2 wrong usage."""

from pathlib import Path

import pytest

from kfsim.cli.main import main


@pytest.fixture(autouse=True)
def no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("KFSIM_API", raising=False)
    monkeypatch.delenv("KFSIM_STATE_DIR", raising=False)


def test_without_a_daemon_a_command_fails_and_says_how_to_start_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["get", "pods"]) == 1
    said = capsys.readouterr().err
    assert said == "Error: no kfsim daemon is running; start one with `kfsim up`\n"


def test_a_daemon_that_cannot_be_reached_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["get", "pods", "--api", "127.0.0.1:1"]) == 1
    assert "cannot reach the kfsim API at http://127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["get", "pods", "-o", "xml"],
        ["apply"],
        ["up", "/no/such/folder"],
        ["up", ".", "--gateway", "8080"],
        ["wait", "isvc/x", "--for", "luck"],
        ["predict", "x", "-d", "{not json"],
        ["predict", "x", "-d", "@/no/such/file"],
        ["env", "-o", "json", "--unset"],
        ["env", "-o", "json", "--shell", "fish"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("kfsim: ")


@pytest.mark.parametrize(
    "words",
    [["env"], ["diff", "-f", "-"], ["diff", "."]],
    ids=" ".join,
)
def test_env_and_diff_without_a_daemon_print_nothing_to_use(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(words)
    printed = capsys.readouterr()
    assert code == (2 if words[0] == "diff" else 1)  # 1 would mean differences
    assert printed.out == ""
    assert printed.err == "Error: no kfsim daemon is running; start one with `kfsim up`\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["diff"], "give either PATH or -f PATH, or -k FOLDER"),
        (["diff", "x.yaml", "-k", "folder"], "give either PATH or -f PATH, or -k FOLDER"),
        (["diff", "x.yaml", "--server-side"], "--server-side is not supported"),
    ],
    ids=["nothing named", "two ways", "server side"],
)
def test_diff_says_how_it_is_used(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert text in capsys.readouterr().err


def test_unset_needs_no_daemon(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--unset"]) == 0
    assert "unset KUBECONFIG;" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [["get", "--nonsense"], ["nonsense"], ["why"], ["logs", "x", "--tail", "few"], ["-x"]],
    ids=" ".join,
)
def test_what_the_parser_refuses_is_said_in_the_same_form(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("kfsim: ")
    assert said[1].startswith("usage: kfsim")
