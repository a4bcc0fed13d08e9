"""Folders as content."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.trees import remove_tree, seal_tree, summarize_tree


def make_tree(root: Path) -> Path:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "model").write_bytes(b"12345")
    (root / "run.sh").write_bytes(b"#!")
    (root / "run.sh").chmod(0o4755)
    (root / "latest").symlink_to("a/model")
    return root


def test_equal_trees_have_equal_digests(tmp_path: Path) -> None:
    one, other = (summarize_tree(make_tree(tmp_path / name)) for name in "xy")
    assert one == other
    assert (one.files, one.bytes) == (2, 7)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: (root / "a/model").write_bytes(b"12346"), id="a byte"),
        pytest.param(lambda root: (root / "a/model").rename(root / "a/other"), id="a name"),
        pytest.param(lambda root: (root / "run.sh").chmod(0o644), id="an execute bit"),
        pytest.param(lambda root: (root / "a/b").rmdir(), id="an empty folder"),
        pytest.param(lambda root: (root / "empty").touch(), id="an empty file"),
        pytest.param(
            lambda root: ((root / "latest").unlink(), (root / "latest").symlink_to("run.sh")),
            id="where a link leads",
        ),
    ],
)
def test_every_difference_shows(tmp_path: Path, change: Callable[[Path], object]) -> None:
    root = make_tree(tmp_path / "x")
    before = summarize_tree(root).digest
    change(root)
    assert summarize_tree(root).digest != before


def test_sealing_keeps_the_content_and_takes_the_write_bits(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "x")
    before = summarize_tree(root)
    seal_tree(root)
    assert summarize_tree(root) == before
    modes = {each.name: stat.S_IMODE(each.lstat().st_mode) for each in root.rglob("*")}
    assert modes.items() >= {"model": 0o444, "run.sh": 0o555, "a": 0o555, "b": 0o555}.items()
    assert stat.S_IMODE(root.stat().st_mode) == 0o555
    remove_tree(root)
    assert not root.exists()


def test_nothing_but_files_folders_and_links(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageFailure, match="pipe is neither"):
        summarize_tree(tmp_path)


def test_removing_what_is_not_there_is_fine(tmp_path: Path) -> None:
    remove_tree(tmp_path / "absent")
