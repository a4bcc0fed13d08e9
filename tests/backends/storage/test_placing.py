"""Views of models: links for processes, files for containers, copies for writers."""

import os
import stat
from pathlib import Path

import pytest

from kfsim.backends.storage.copying import copy_file
from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.placing import (
    copy_place,
    is_private,
    leads_out,
    link_place,
    make_view,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "1" / "empty").mkdir(parents=True)
    (folder / "1" / "model").write_bytes(b"model")
    (folder / "config").write_bytes(b"config")
    return folder


@pytest.fixture
def view(tmp_path: Path) -> Path:
    return tmp_path / "replica" / "view"


def ignore(_current: int, _total: int | None) -> None: ...


def files(root: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(root)): each.read_bytes() for each in root.rglob("*") if each.is_file()
    }


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_view_starts_empty(view: Path) -> None:
    make_view(view, writable=True)
    (view / "left").mkdir(mode=0o555)
    make_view(view, writable=False)
    assert list(view.iterdir()) == []
    assert mode(view) == 0o755


def test_links_lead_to_the_source(source: Path, view: Path) -> None:
    make_view(view, writable=False)
    link_place(source, view, "a")
    link_place(source / "config", view, "")
    assert (view / "a" / "1").readlink() == source / "1"
    assert (view / "config").readlink() == source / "config"


def test_a_later_link_replaces_an_earlier_one(source: Path, view: Path) -> None:
    other = source.with_name("other")
    other.mkdir()
    (other / "config").write_bytes(b"other")
    make_view(view, writable=False)
    link_place(source, view, "")
    link_place(other, view, "")
    assert (view / "config").read_bytes() == b"other"


def test_links_do_not_mix_folders(source: Path, view: Path) -> None:
    make_view(view, writable=False)
    link_place(source, view, "1/below")
    with pytest.raises(StorageFailure, match="give each a mountPath of its own"):
        link_place(source, view, "")


def test_a_writer_gets_copies_and_the_source_stays(source: Path, view: Path) -> None:
    (source / "1" / "model").chmod(0o444)
    (source / "run.sh").touch(mode=0o555)
    make_view(view, writable=True)
    seen: list[tuple[int, int | None]] = []
    copy_place(source, view, "", writable=True, report=lambda *each: seen.append(each))
    assert seen[-1] == (11, 11)
    assert (view / "1" / "empty").is_dir()
    assert mode(view / "1" / "model") == 0o666
    assert mode(view / "run.sh") == 0o777
    assert mode(view / "1") == mode(view) == 0o777
    (view / "1" / "model").write_bytes(b"trained")
    (view / "new").touch()
    assert files(source) == {"1/model": b"model", "config": b"config", "run.sh": b""}


def test_a_reading_container_gets_second_names(source: Path, view: Path) -> None:
    make_view(view, writable=False)
    copy_place(source, view, "a", writable=False, report=ignore)
    assert files(view) == {"a/1/model": b"model", "a/config": b"config"}
    assert (view / "a" / "config").samefile(source / "config")
    assert mode(view / "a" / "1") == 0o755


@pytest.mark.parametrize(
    ("path", "private"), [("", 0o700), ("1", 0o750), ("1/model", 0o600), ("config", 0o640)]
)
def test_what_others_cannot_read_is_private_and_copied_open(
    source: Path, view: Path, path: str, private: int
) -> None:
    for folder in (source, source / "1", source / "1" / "empty"):
        folder.chmod(0o755)
    assert not is_private(source)
    (source / path).chmod(private)
    assert is_private(source)
    make_view(view, writable=False)
    copy_place(source, view, "", writable=False, report=ignore)
    assert files(view) == files(source)
    assert not is_private(view)
    assert mode(source / path) == private


def test_links_are_followed_into_copies_and_circles_end(source: Path, view: Path) -> None:
    blob = source.with_name("blob")
    blob.write_bytes(b"blob")
    (source / "linked").symlink_to(blob)
    (source / "again").symlink_to(source)
    make_view(view, writable=False)
    copy_place(source, view, "", writable=False, report=ignore)
    assert files(view) == {"1/model": b"model", "config": b"config", "linked": b"blob"}
    assert not (view / "linked").is_symlink()


def test_special_files_are_left_out(source: Path, view: Path) -> None:
    os.mkfifo(source / "pipe")
    make_view(view, writable=True)
    copy_place(source, view, "", writable=True, report=ignore)
    assert not (view / "pipe").exists()


@pytest.mark.parametrize(
    ("target", "out"),
    [
        ("config", False),
        ("1/../config", False),
        ("../blob", True),
        ("../source/config", True),
        ("{absolute}/config", True),
        ("absent", False),
    ],
)
def test_a_container_cannot_follow_links_that_lead_out(
    source: Path, target: str, out: bool
) -> None:
    (source.with_name("blob")).touch()
    (source / "link").symlink_to(target.format(absolute=source))
    assert leads_out(source) is out


def test_a_copy_is_whole_where_the_kernel_gives_nothing(tmp_path: Path) -> None:
    """Files of /proc say that they are empty, and copy_file_range believes them."""
    if not Path("/proc/self/limits").exists():
        pytest.skip("no /proc")
    copy_file(Path("/proc/self/limits"), tmp_path / "copy", writable=False)
    assert (tmp_path / "copy").read_bytes() == Path("/proc/self/limits").read_bytes()
