"""Projects: names, state directories, locks."""

import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest

from kfsim.base.errors import AlreadyExists, Invalid, Unavailable
from kfsim.daemon.project import (
    DaemonInfo,
    StateLock,
    find_holder,
    find_project_file,
    is_running,
    open_log,
    prepare_state_dir,
    purge_state_dir,
    read_daemon,
    resolve_project,
    running_daemons,
    write_daemon,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("KFSIM_STATE_DIR", raising=False)
    return tmp_path


def test_two_folders_are_two_projects(home: Path) -> None:
    one = resolve_project([str(home / "a/manifests")], name=None, state_dir=None)
    two = resolve_project([str(home / "b/manifests")], name=None, state_dir=None)
    assert one.name.startswith("a-")
    assert two.name.startswith("b-")
    assert one.state_dir != two.state_dir
    assert resolve_project([str(home / "a/manifests")], name=None, state_dir=None) == one


def test_a_named_project_has_its_own_state(home: Path) -> None:
    project = resolve_project([], name="demo", state_dir=None)
    assert project.state_dir == home / "state/kfsim/demo"
    with pytest.raises(Invalid, match="project name"):
        resolve_project([], name="../x", state_dir=None)


def test_the_state_directory_is_private(home: Path) -> None:
    prepare_state_dir(home / "s")
    assert stat.S_IMODE((home / "s").stat().st_mode) == 0o700


def test_an_unusable_state_directory_is_named_with_the_mend(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(Unavailable, match=r"cannot use the state directory .*--state-dir"):
        prepare_state_dir(home / "file" / "below")


def test_a_second_daemon_on_one_project_is_refused_by_name(home: Path) -> None:
    project = resolve_project([], name="demo", state_dir=None)
    prepare_state_dir(project.state_dir)
    assert not is_running(project.state_dir)
    with StateLock(project):
        info = DaemonInfo(
            os.getpid(), "127.0.0.1:1", "127.0.0.1:2", "0", "demo", "", str(project.state_dir)
        )
        write_daemon(project.state_dir, info)
        assert is_running(project.state_dir)
        assert list(running_daemons()) == [info]
        with (
            pytest.raises(AlreadyExists, match=rf"pid {os.getpid()}.*kfsim down"),
            StateLock(project),
        ):
            pass
    assert not is_running(project.state_dir)
    assert read_daemon(project.state_dir) is None
    assert list(running_daemons()) == []


def test_a_starting_daemon_is_known_by_the_lock_it_signed(home: Path) -> None:
    project = resolve_project([], name="demo", state_dir=None)
    prepare_state_dir(project.state_dir)
    assert find_holder(project.state_dir) is None
    (project.state_dir / "lock").write_text("123456789")  # of a dead process
    with StateLock(project):
        assert find_holder(project.state_dir) == os.getpid()
        text = rf"running daemon \(pid {os.getpid()}, starting or stopping\)"
        with pytest.raises(AlreadyExists, match=text), StateLock(project):
            pass


def test_a_state_directory_that_takes_no_files_is_named(home: Path) -> None:
    info = DaemonInfo(1, "", "", "0", "demo", "", "")
    (home / "state").touch()
    for write in (
        lambda: open_log(home / "state"),
        lambda: write_daemon(home / "state", info),
    ):
        with pytest.raises(Unavailable, match=r"cannot use the state directory .*; make it"):
            write()


def test_the_project_file_lies_in_the_folder_or_beside_the_manifest(tmp_path: Path) -> None:
    manifest = tmp_path / "iris.yaml"
    manifest.touch()
    assert find_project_file(str(tmp_path)) is None
    own = tmp_path / "kfsim.yaml"
    own.touch()
    assert find_project_file(str(tmp_path)) == own
    assert find_project_file(str(manifest)) == own


def test_the_project_file_of_manifests_may_lie_beside_the_folder(tmp_path: Path) -> None:
    manifests, other = tmp_path / "manifests", tmp_path / "other"
    manifests.mkdir()
    other.mkdir()
    beside = tmp_path / "kfsim.yaml"
    beside.touch()
    assert find_project_file(str(other)) is None
    assert find_project_file(str(manifests)) == beside
    own = manifests / "kfsim.yaml"
    own.touch()
    assert find_project_file(str(manifests)) == own


def test_a_look_at_the_lock_keeps_no_daemon_from_starting(home: Path) -> None:
    project = resolve_project([], name="demo", state_dir=None)
    prepare_state_dir(project.state_dir)
    (project.state_dir / "lock").touch()
    reader = os.open(project.state_dir / "lock", os.O_RDWR)
    fcntl.flock(reader, fcntl.LOCK_SH)
    timer = threading.Timer(0.1, os.close, [reader])
    timer.start()
    with StateLock(project):
        assert is_running(project.state_dir)
    timer.join()


def test_what_a_killed_daemon_left_is_no_running_one(home: Path) -> None:
    project = resolve_project([], name="demo", state_dir=None)
    prepare_state_dir(project.state_dir)
    stale = DaemonInfo(os.getpid(), "127.0.0.1:1", "127.0.0.1:2", "0", "demo", "", "")
    write_daemon(project.state_dir, stale)
    assert list(running_daemons()) == []  # though a process with that pid runs
    with StateLock(project):
        assert read_daemon(project.state_dir) is None


def test_only_a_state_directory_is_purged(home: Path) -> None:
    folder = home / "precious"
    folder.mkdir()
    (folder / "logs").mkdir()
    with pytest.raises(Invalid, match="it is no state directory of kfsim"):
        purge_state_dir(folder)
    assert (folder / "logs").is_dir()
    assert purge_state_dir(home / "nowhere") == ()


def test_purging_leaves_what_is_not_ours(home: Path) -> None:
    folder = home / "state"
    for name in ("logs", "replicas/x", "mine"):
        (folder / name).mkdir(parents=True)
    for name in ("lock", "journal.sqlite3", "journal.sqlite3-wal", "kubeconfig", "model.joblib"):
        (folder / name).touch()
    assert purge_state_dir(folder) == ("mine", "model.joblib")
    (folder / "model.joblib").unlink()
    (folder / "mine").rmdir()
    (folder / "lock").touch()
    assert purge_state_dir(folder) == ()
    assert not folder.exists()
