"""Real daemons in folders of their own: every test runs the `kfsim` command as a user would."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import pytest
from sklearn import datasets, svm

from tests.backends.mock_nvml import MockNvml, build_mock_nvml
from tests.engines.private import PrivateEngine
from tests.live.tool import Kfsim
from tests.waiting import wait_until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def iris_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained classifier."""
    folder = tmp_path_factory.mktemp("model")
    features, labels = datasets.load_iris(return_X_y=True)
    joblib.dump(svm.SVC(gamma="scale").fit(features, labels), folder / "model.joblib")
    return folder


@pytest.fixture
def kfsim(tmp_path: Path) -> Iterator[Kfsim]:
    """A project that is stopped, and checked for leftovers, at the end."""
    with project(tmp_path) as tool:
        yield tool


@pytest.fixture
def private_kfsim(private_engine: PrivateEngine, kfsim: Kfsim) -> Kfsim:
    """A project on an engine that the test may break; it ends before that engine is cleared."""
    kfsim.docker_host = private_engine.url
    return kfsim


@pytest.fixture
def nvml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MockNvml:
    """The library that the daemons of the test find, without devices."""
    folder = tmp_path / "nvml"
    folder.mkdir()
    mock = build_mock_nvml(folder)
    for name, value in mock.environment.items():
        monkeypatch.setenv(name, value)
    return mock


@contextmanager
def project(folder: Path, *, docker_host: str = "") -> Iterator[Kfsim]:
    """A project in this folder; nothing of it may be left in the end."""
    tool = Kfsim(folder, docker_host=docker_host)
    tool.manifests.mkdir()
    try:
        yield tool
    finally:
        _finish(tool)


def _finish(tool: Kfsim) -> None:
    tool.attempt("down")
    left = tool.in_engine()
    for process in tool.processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    wait_until(
        lambda: not tool.replica_pids(), timeout=15, what="all replicas are gone after the test"
    )
    assert not left, f"left in the engine by `kfsim down`: {left}"
