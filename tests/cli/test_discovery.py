"""Which daemon a command means: said, by environment, by folder, or the only one."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kfsim.base.errors import Unavailable
from kfsim.cli.discovery import find_daemon
from kfsim.daemon.project import (
    DaemonInfo,
    StateLock,
    prepare_state_dir,
    resolve_project,
    write_daemon,
)


class Daemons:
    """Locks held and records written as by daemons that run."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self._stack = stack
        self._port = 9000

    def start(self, name: str, folder: str = "", *, state_dir: str | None = None) -> None:
        root = self.home / folder
        root.mkdir(parents=True, exist_ok=True)
        project = resolve_project([str(root)], name=name, state_dir=state_dir)
        prepare_state_dir(project.state_dir)
        self._stack.enter_context(StateLock(project))
        self._port += 1
        write_daemon(
            project.state_dir,
            DaemonInfo(
                1, "", f"127.0.0.1:{self._port}", "", name, str(root), str(project.state_dir)
            ),
        )


@pytest.fixture
def daemons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemons]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    for name in ("KFSIM_STATE_DIR", "KFSIM_API"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield Daemons(tmp_path.resolve(), stack)


def test_nothing_runs(daemons: Daemons) -> None:
    with pytest.raises(Unavailable, match="no kfsim daemon is running; start one"):
        find_daemon()


def test_the_only_one(daemons: Daemons) -> None:
    daemons.start("a", "somewhere/a")
    assert find_daemon().project == "a"


@pytest.mark.parametrize(
    ("here", "expected"),
    [("a", "a"), ("a/manifests", "a"), ("a/manifests/deep", "a"), ("b", "b")],
)
def test_the_project_of_the_current_folder(
    daemons: Daemons, monkeypatch: pytest.MonkeyPatch, here: str, expected: str
) -> None:
    daemons.start("a", "a/manifests")
    daemons.start("b", "b/manifests")
    (daemons.home / here).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(daemons.home / here)
    assert find_daemon().project == expected


def test_between_two_the_running_ones_are_listed(daemons: Daemons) -> None:
    daemons.start("a", "x/a/manifests")
    daemons.start("b", "x/b/manifests")
    with pytest.raises(
        Unavailable, match=r"a \(127.0.0.1:9001\), b \(127.0.0.1:9002\); name one with --project"
    ):
        find_daemon()
    with pytest.raises(Unavailable, match=r"for project c \(running: a \(127"):
        find_daemon(project="c")


def test_the_environment_names_one_and_the_command_line_wins(
    daemons: Daemons, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemons.start("a", "x/a")
    daemons.start("b", "x/b")
    daemons.start("c", state_dir=str(daemons.home / "own"))
    monkeypatch.setenv("KFSIM_STATE_DIR", str(daemons.home / "own"))
    assert find_daemon().project == "c"
    monkeypatch.setenv("KFSIM_API", "127.0.0.1:7")
    assert find_daemon().api == "127.0.0.1:7"
    assert find_daemon(project="a").project == "a"
    assert find_daemon(state_dir=str(daemons.home / "own")).project == "c"


def test_a_state_directory_without_a_daemon_is_not_left_for_another(
    daemons: Daemons, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemons.start("a", "a")
    monkeypatch.setenv("KFSIM_STATE_DIR", str(daemons.home / "own"))
    with pytest.raises(Unavailable, match=r"own \(KFSIM_STATE_DIR\) \(running: a "):
        find_daemon()


def test_a_daemon_whose_addresses_cannot_be_read_is_told_apart_from_none(
    daemons: Daemons, tmp_path: Path
) -> None:
    daemons.start("one", state_dir=str(tmp_path / "state"))
    (tmp_path / "state/daemon.json").write_text("{torn")
    text = rf"\(pid {os.getpid()}\), but {tmp_path}/state/daemon.json, .* cannot be read"
    with pytest.raises(Unavailable, match=text):
        find_daemon(state_dir=str(tmp_path / "state"))
