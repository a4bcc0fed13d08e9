"""`kfsim images`: wrong usage is 2, what fails is 1 with the reason."""

import pytest

from kfsim.cli.main import main

NOWHERE = "--docker-host=unix:///nowhere/docker.sock"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["build", "tensorflow"],
            "no image can be built for tensorflow: the runtimes whose images kfsim builds are "
            "sklearnserver",
            id="unknown-runtime",
        )
    ],
)
def test_wrong_usage_is_two(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", *words, NOWHERE]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["build", "list"])
def test_without_an_engine_the_command_says_where_it_looked_and_what_to_do(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", verb, NOWHERE]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: cannot use the Docker engine at unix:///nowhere/docker.sock: ")
    assert "start Docker, or say where it is with --docker-host or DOCKER_HOST" in said


def test_an_address_that_is_none_is_an_error_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["images", "list", "--docker-host=nonsense://x"]) == 1
    assert "cannot use the Docker engine at nonsense://x" in capsys.readouterr().err


def test_without_a_verb_it_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["images"])
    assert ended.value.code == 2


def test_images_are_listed_with_the_runtimes_that_have_none_yet(
    engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", "list", f"--docker-host={engine}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["RUNTIME", "IMAGE", "ID", "CREATED", "SIZE"]
    assert all(line.startswith("sklearnserver ") for line in lines[1:])
    assert len(lines) > 1


def test_a_build_that_fails_ends_with_one_and_the_step(
    engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--base-image=127.0.0.1:1/absent:1", "--tag=kfsim-test/absent:1"]
    assert main(["images", "build", *words, f"--docker-host={engine}"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: cannot build kfsim-test/absent:1: step ")
    assert "choose another with --base-image" in said
