"""Folders in the state directory."""

import stat
from pathlib import Path

import pytest

from kfsim.backends.statefolders import make_folders
from kfsim.base.errors import Unavailable


def test_folders_are_made_for_the_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_folders(tmp_path, folder, folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_is_in_the_way_is_named_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(Unavailable, match=f"{tmp_path}: .*; make it writable, or choose another"):
        make_folders(tmp_path, tmp_path / "logs" / "x")
