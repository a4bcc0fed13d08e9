"""The contract suite on the Docker backend."""

from dataclasses import replace

import pytest

from tests.backends.contract import BackendContract
from tests.backends.world import World


@pytest.fixture
def world(world: World, sklearn_image: str) -> World:
    return replace(world, model_image=sklearn_image)


class TestDockerBackend(BackendContract):
    """All tests of the contract."""
