"""What the Docker measurements share: an engine, images, and `docker run` as their reference."""

import contextlib
import http.client
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import docker

from tests.backends.base_image import build_base_image
from tests.engines.command import DEFAULT_URL, DockerCommand, docker_program, problem_of
from tests.engines.images import build_sklearn_image

_PATIENCE = 60.0
_POLL = 0.005


def find_engine(measurement: str) -> DockerCommand | None:
    """The engine to measure on; without one the measurement is named, and left out."""
    url = os.environ.get("DOCKER_HOST") or DEFAULT_URL
    if problem := problem_of(url):
        print(f"{measurement}: not measured, {problem}")
        return None
    return DockerCommand(url)


def tiny_image(engine: DockerCommand) -> str:
    """Python and a shell."""
    return build_base_image(docker_program(), host=engine.url)


def model_image(engine: DockerCommand) -> str:
    """kfsim's own server for sklearn models."""
    with tempfile.TemporaryDirectory(prefix="kfsim-bench-") as folder:
        return build_sklearn_image(engine, tiny_image(engine), Path(folder))


class DockerRun:
    """`docker run` of one container on the engine's default bridge, timed to its first answer."""

    def __init__(self, engine: DockerCommand, words: Sequence[str]) -> None:
        self._engine = engine
        self._words = words
        self._container = ""

    def __enter__(self) -> "DockerRun":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()

    def remove(self) -> None:
        if self._container:
            self._engine.run("rm", "--force", "--volumes", self._container)
            self._container = ""

    def first_answer(self, method: str, path: str, body: bytes | None = None) -> float:
        """Seconds from the command to a 200 from port 8080."""
        started = time.perf_counter()
        self._container = self._engine.run("run", "--detach", *self._words)
        # Asked through the API: another docker command would cost as much as a tiny server's start.
        with contextlib.closing(docker.APIClient(base_url=self._engine.url)) as client:
            found = client.inspect_container(self._container)
        address = found["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        while not _answers(address, method, path, body):
            if time.perf_counter() - started > _PATIENCE:
                raise RuntimeError(f"no answer: {self._engine.logs(self._container)}")
            time.sleep(_POLL)
        return time.perf_counter() - started


def _answers(address: str, method: str, path: str, body: bytes | None) -> bool:
    connection = http.client.HTTPConnection(address, 8080, timeout=10)
    try:
        connection.request(method, path, body)
        return connection.getresponse().status == 200
    except OSError:  # it does not listen yet
        return False
    finally:
        connection.close()
