"""The contract suite on the process backend."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kfsim.backends.process.backend import ProcessBackend
from kfsim.backends.process.settings import ProcessSettings
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SystemEntropy
from tests.backends.contract import BackendContract
from tests.backends.support import Events
from tests.backends.world import World


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[ProcessBackend]:
    settings = ProcessSettings(preload_later=())
    backend = ProcessBackend(
        state_dir=tmp_path / "state", clock=RealClock(), entropy=SystemEntropy(), settings=settings
    )
    await backend.open()
    yield backend
    await backend.close()


@pytest.fixture
def events(backend: ProcessBackend) -> Events:
    return Events(backend)


@pytest.fixture
def world() -> World:
    return World()


class TestProcessBackend(BackendContract):
    """All tests of the contract."""
