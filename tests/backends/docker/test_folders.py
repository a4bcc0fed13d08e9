"""Folders of replicas go with them."""

from pathlib import Path

import pytest

from kfsim.backends.docker.folders import folder_name, remove_folder
from kfsim.base.types import ReplicaKey


def test_a_folder_goes_with_its_contents(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / folder_name(ReplicaKey("default", "iris-1"))
    (folder / "volumes/tmp").mkdir(parents=True)
    (folder / "volumes/tmp/file").touch()
    remove_folder(folder)
    remove_folder(folder)  # one that is gone already is fine
    assert list(tmp_path.iterdir()) == []
    assert caplog.text == ""


def test_what_cannot_be_removed_is_named_with_the_mend(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stubborn = tmp_path / "default_iris-1"
    stubborn.touch()  # root may remove any folder, but this is none
    remove_folder(stubborn)
    assert f"cannot remove {stubborn}" in caplog.text
    assert "sudo rm -r" in caplog.text
