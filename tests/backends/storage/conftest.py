"""Fixtures of the storage tests: a web server, a store with a cache of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kfsim.backends.storage.settings import StorageSettings
from kfsim.backends.storage.store import ModelStore
from kfsim.backends.storage.trees import remove_tree
from tests.backends.storage.web import Web, serve


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    with serve() as web:
        yield web


@pytest.fixture
def cache_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "cache"
    yield folder
    remove_tree(folder)  # sealed folders, which pytest cannot remove


@pytest.fixture
async def store(tmp_path: Path, cache_dir: Path) -> AsyncIterator[ModelStore]:
    store = ModelStore(
        cache_dir=cache_dir,
        claims=tmp_path / "claims",
        settings=StorageSettings(stall_seconds=20.0),
    )
    yield store
    await store.close()
