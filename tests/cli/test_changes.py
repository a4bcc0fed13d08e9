"""Watching paths, with the real file system."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kfsim.cli.changes import watch_paths
from tests.waiting import wait_until


class Watching:
    """A watch in a thread of its own, as it blocks; it ends at its next look."""

    def __init__(self, *paths: Path | str) -> None:
        self.looks = 0
        self.changes = 0
        self._end = False
        self._paths = [str(path) for path in paths]
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        # After the first look, which counts as a change, the watch runs.
        wait_until(lambda: self.looks > 1, what="the watch runs")

    def _watch(self) -> None:
        for changed in watch_paths(self._paths, every=50):
            self.looks += 1
            self.changes += changed
            if self._end:
                return

    def expect_change(self, make: Callable[[], object]) -> None:
        before, looked = self.changes, self.looks
        make()
        wait_until(lambda: self.changes > before, what="the change is seen")
        wait_until(lambda: self.looks > looked + 4, what="it is quiet again")

    def close(self) -> None:
        self._end = True
        self._thread.join(timeout=10)


@pytest.fixture
def start() -> Iterator[Callable[..., Watching]]:
    started: list[Watching] = []

    def start(*paths: Path | str) -> Watching:
        started.append(Watching(*paths))
        return started[-1]

    yield start
    for watching in started:
        watching.close()


def replace(path: Path, text: str) -> None:
    """As editors do."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def test_a_file_is_followed_through_being_replaced_again_and_again(
    tmp_path: Path, start: Callable[..., Watching]
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("0")
    watching = start(path)
    for number in range(3):
        watching.expect_change(lambda number=number: replace(path, str(number) * 2))  # type: ignore[misc]
    watching.expect_change(path.unlink)
    watching.expect_change(lambda: path.write_text("again"))
    watching.expect_change(lambda: path.write_text("and written"))


def test_a_folder_that_went_and_came_again_is_followed(
    tmp_path: Path, start: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    watching = start("manifests/")

    def make_again() -> None:
        shutil.rmtree(folder)
        folder.mkdir()

    def replace_folder() -> None:
        folder.rename(tmp_path / "old")
        folder.mkdir()

    for make in (make_again, replace_folder):
        watching.expect_change(make)
        watching.expect_change(lambda: (folder / "x.yaml").write_text("new"))


def test_what_does_not_change_is_no_change(tmp_path: Path, start: Callable[..., Watching]) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("0")
    watching = start(path)
    looked = watching.looks
    wait_until(lambda: watching.looks > looked + 5, what="it has looked again")
    assert watching.changes == 1


def test_a_base_that_is_taken_up_later_is_watched(
    tmp_path: Path, start: Callable[..., Watching]
) -> None:
    overlay, base = tmp_path / "overlay", tmp_path / "base"
    for folder in (overlay, base):
        folder.mkdir()
        (folder / "kustomization.yaml").write_text("resources: []\n")
    watching = start(overlay)
    use = "resources: [../base]\n"
    watching.expect_change(lambda: replace(overlay / "kustomization.yaml", use))
    watching.expect_change(lambda: (base / "kustomization.yaml").write_text("namePrefix: x-\n"))
