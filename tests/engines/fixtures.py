"""Fixtures for tests with a real Docker engine, loaded for the whole suite by tests/conftest.py.

`engine` is the URL of an engine that answers. `private_engine` is one that the test may break.
`base_image` and `sklearn_image` are images on `engine`; they stay there for the next run, found
again by their content; `own_image` is the latter under its released name. `registry` and
`private_registry` hold the base image. What is missing skips the test with a reason, and fails it
in continuous integration (CI=true). A test that asks for any of them is marked `live`.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kfsim.backends.docker.standins import SKLEARN_IMAGE
from tests.backends.base_image import build_base_image
from tests.engines.command import DEFAULT_URL, DockerCommand, docker_program, problem_of
from tests.engines.images import build_sklearn_image
from tests.engines.private import PrivateEngine, missing_for_private_engine
from tests.engines.registry import PROGRAM, Registry

_TIMEOUTS = {"sklearn_image": 600, "private_engine": 180, "engine": 120}


def require(problem: str) -> None:
    """Skip where there is a problem; in continuous integration nothing may be missing."""
    if problem and os.environ.get("CI") == "true":
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        wanted = getattr(item, "fixturenames", ())
        timeout = next((_TIMEOUTS[name] for name in _TIMEOUTS if name in wanted), None)
        if timeout is not None:
            item.add_marker(pytest.mark.live)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(timeout))


@pytest.fixture(scope="session")
def engine() -> str:
    """The URL of a Docker engine."""
    url = os.environ.get("DOCKER_HOST") or DEFAULT_URL
    require(problem_of(url))
    return url


@pytest.fixture(scope="session")
def docker_command(engine: str) -> DockerCommand:
    """`docker` on `engine`."""
    return DockerCommand(engine)


@pytest.fixture(scope="session")
def base_image(engine: str) -> str:
    """An image with Python and a shell, made without a hub."""
    foreign = f"the base image is made of this host's Python, which is {sys.platform}'s"
    require("" if sys.platform == "linux" else foreign)
    return build_base_image(docker_program(), host=engine)


@pytest.fixture(scope="session")
def sklearn_image(
    docker_command: DockerCommand, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """kfsim's image for sklearn models, as `kfsim images build` makes it."""
    return build_sklearn_image(docker_command, base_image, tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def own_image(docker_command: DockerCommand, sklearn_image: str) -> Iterator[str]:
    """kfsim's own image under its released name, which the engine may lack."""
    absent = not docker_command.run("images", "--quiet", SKLEARN_IMAGE)
    if absent:
        docker_command.run("tag", sklearn_image, SKLEARN_IMAGE)
    yield SKLEARN_IMAGE
    if absent:
        docker_command.run("rmi", "--no-prune", SKLEARN_IMAGE)


@pytest.fixture(scope="session")
def _private_engine(docker_command: DockerCommand, base_image: str) -> Iterator[PrivateEngine]:
    require(missing_for_private_engine())
    private = PrivateEngine()
    try:
        private.start()
        docker_command.copy_image(base_image, private.command)
        yield private
    finally:
        private.close()


@pytest.fixture
def private_engine(_private_engine: PrivateEngine) -> Iterator[PrivateEngine]:
    """A second dockerd: it runs, empty but for the base image, and accepts GPU requests."""
    _private_engine.start()
    yield _private_engine
    _private_engine.start()
    _private_engine.clear()


@pytest.fixture(scope="session")
def _registries(
    docker_command: DockerCommand, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Registry, Registry]]:
    absent = shutil.which(PROGRAM) is None
    require(f"a registry needs {PROGRAM} (Debian: docker-registry)" if absent else "")
    folder: Path = tmp_path_factory.mktemp("registry")
    open_one = Registry(folder / "open", folder / "storage")
    closed_one = Registry(folder / "closed", folder / "storage", password=True)
    try:
        open_one.start()
        closed_one.start()
        open_one.push(docker_command, base_image, "base:1")
        yield open_one, closed_one
    finally:
        open_one.close()
        closed_one.close()


@pytest.fixture
def registry(_registries: tuple[Registry, Registry]) -> Registry:
    """A registry for anybody, with `base:1`."""
    return _registries[0]


@pytest.fixture
def private_registry(_registries: tuple[Registry, Registry]) -> Registry:
    """The same with a password."""
    return _registries[1]
