"""What both backends do with volumes on the disk."""

import os
import stat
from pathlib import Path

import pytest

from kfsim.backends.failures import StartFailure
from kfsim.backends.volumes import FileAccess, claim_folder, resolve_below, write_files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_the_users_own_by_default(tmp_path: Path) -> None:
    write_files(tmp_path / "volumes" / "v", {"a": b"1", "sub/deep/b": b"2"})
    folder = tmp_path / "volumes" / "v"
    assert (folder / "sub" / "deep" / "b").read_bytes() == b"2"
    for each in (folder.parent, folder, folder / "sub", folder / "sub" / "deep"):
        assert mode(each) == 0o700
    assert mode(folder / "a") == mode(folder / "sub/deep/b") == 0o600


def test_modes_are_as_given_whatever_the_umask(tmp_path: Path) -> None:
    access = FileAccess(default=0o444, modes={"sub/b": 0o777}, folders=0o755)
    before = os.umask(0o077)
    try:
        write_files(tmp_path / "volumes" / "v", {"a": b"1", "sub/b": b"2"}, access)
    finally:
        os.umask(before)
    folder = tmp_path / "volumes" / "v"
    assert [mode(folder / name) for name in ("a", "sub", "sub/b")] == [0o444, 0o755, 0o777]
    assert mode(folder.parent) == 0o700


def test_a_second_writing_changes_only_what_differs(tmp_path: Path) -> None:
    folder = tmp_path / "v"
    write_files(folder, {"same": b"1", "changed": b"1"})
    before = {name: (folder / name).stat().st_ino for name in ("same", "changed")}
    with (folder / "changed").open("rb") as reader:
        write_files(folder, {"same": b"1", "changed": b"2"})
        assert reader.read() == b"1"  # who reads it meanwhile has the old one, whole
    assert (folder / "same").stat().st_ino == before["same"]
    assert (folder / "changed").stat().st_ino != before["changed"]
    assert (folder / "changed").read_bytes() == b"2"
    assert sorted(os.listdir(folder)) == ["changed", "same"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to any group")
def test_a_group_may_read_what_its_owner_may(tmp_path: Path) -> None:
    write_files(tmp_path / "v", {"a": b"1"}, FileAccess(default=0o400, group=4321))
    found = (tmp_path / "v" / "a").stat()
    assert (found.st_gid, stat.S_IMODE(found.st_mode)) == (4321, 0o440)


def test_where_the_group_cannot_be_given_everyone_who_gets_there_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)  # root of this machine is refused nothing
    write_files(tmp_path / "v", {"a": b"1"}, FileAccess(default=0o400, group=4321))
    assert mode(tmp_path / "v" / "a") == 0o444


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x"])
def test_files_stay_in_their_volume(tmp_path: Path, name: str) -> None:
    with pytest.raises(StartFailure, match="leaves volume 'v'"):
        write_files(tmp_path / "v", {name: b""})


def test_a_part_is_resolved_and_stays_in_its_volume(tmp_path: Path) -> None:
    volume = tmp_path / "v"
    (volume / "data").mkdir(parents=True)
    (tmp_path / "vault").mkdir()
    (volume / "inner").symlink_to("data")
    (volume / "outer").symlink_to(tmp_path / "vault")
    (volume / "root").symlink_to("/")

    def resolve(part: str) -> str:
        return resolve_below(str(volume), part, volume="v")

    assert resolve("data") == resolve("inner") == str(volume / "data")
    assert resolve("new/part") == str(volume / "new" / "part")
    for part in ("outer", "outer/x", "root/etc"):
        with pytest.raises(StartFailure, match="leaves volume 'v' by a symbolic link"):
            resolve(part)
    for part in ("..", "data/../../vault", "/etc"):
        with pytest.raises(StartFailure, match="leaves volume 'v'"):
            resolve(part)


def test_a_claim_is_a_folder_or_a_link_to_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "claims" / "ns").mkdir(parents=True)
    (tmp_path / "claims" / "ns" / "mine").symlink_to(tmp_path / "data")
    claims = tmp_path / "claims"
    assert claim_folder(claims, "ns", "mine") == str(tmp_path / "data")
    for name in ("other", "..", "", "a/b"):
        with pytest.raises(StartFailure, match=f'persistentvolumeclaim "{name}" not found'):
            claim_folder(claims, "ns", name)
