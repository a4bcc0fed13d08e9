"""The image for sklearn models, built by a real engine and put to work."""

import contextlib
import json
import pickle
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from kfsim import __version__
from kfsim.backends.docker.imagebuild import BuildRequest, build_image, list_images
from kfsim.backends.docker.imagecontext import InstallSources
from tests.engines.command import DockerCommand
from tests.engines.images import fetch_wheels
from tests.waiting import wait_until

FLOWERS = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
_SEARCH = """
import pathlib
words = (b"secret-password", b"secret-authority")
files = [p for top in ("/install", "/opt", "/etc", "/root", "/home", "/tmp", "/var", "/usr/local")
         for p in pathlib.Path(top).rglob("*") if p.is_file() and p.stat().st_size < 1e6]
assert len(files) > 1000
print([str(p) for p in files if any(word in p.read_bytes() for word in words)])
"""


@pytest.fixture
def client(engine: str) -> Iterator[Any]:
    with contextlib.closing(docker.APIClient(base_url=engine, timeout=600)) as client:
        yield client


@pytest.fixture
def models(tmp_path: Path, model_dir: Path) -> Path:
    """A model that everybody may read, as any user's container needs it."""
    folder = tmp_path / "models"
    folder.mkdir(mode=0o755)
    shutil.copy(model_dir / "model.joblib", folder)
    (folder / "model.joblib").chmod(0o644)
    return folder


@pytest.fixture
def run(docker_command: DockerCommand, sklearn_image: str) -> Iterator[Any]:
    """Start the image on a folder of models, as a strict cluster would; returns the container."""
    started: list[str] = []

    def start(models: Path) -> str:
        container = docker_command.run(
            *("run", "--detach", "--read-only", "--cap-drop=ALL", "--user=1000"),
            *("--security-opt=no-new-privileges", f"--volume={models}:/mnt/models:ro"),
            *(sklearn_image, "--model_name=iris", "--model_dir=/mnt/models", "--http_port=8081"),
        )
        started.append(container)
        return container

    yield start
    for container in started:
        docker_command.run("rm", "--force", "--volumes", container)


def inspect(docker_command: DockerCommand, what: str) -> Any:
    return json.loads(docker_command.run("inspect", what))[0]


def predict(docker_command: DockerCommand, container: str) -> Any:
    """Ask until the server listens, as a readiness probe does."""
    found = inspect(docker_command, container)
    address = found["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    request = urllib.request.Request(
        f"http://{address}:8081/v1/models/iris:predict", json.dumps(FLOWERS).encode()
    )

    def answer() -> Any:
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)
        except urllib.error.URLError:
            running = inspect(docker_command, container)["State"]["Running"]
            assert running, docker_command.logs(container)
            return None

    return wait_until(answer, what="a prediction")


def seconds_to_stop(docker_command: DockerCommand, container: str) -> float:
    started = time.monotonic()
    docker_command.run("stop", "--time=40", container)
    return time.monotonic() - started


def test_the_image_predicts_as_a_plain_user_on_a_read_only_root_and_stops_at_once(
    run: Any, models: Path, docker_command: DockerCommand
) -> None:
    container = run(models)
    assert predict(docker_command, container) == {"predictions": [1, 1]}
    assert seconds_to_stop(docker_command, container) < 10
    assert inspect(docker_command, container)["State"]["ExitCode"] == 0


def test_a_stop_while_the_model_loads_does_not_wait_for_its_grace_period(
    run: Any, tmp_path: Path, docker_command: DockerCommand
) -> None:
    class Slow:
        def __reduce__(self) -> tuple[Any, ...]:
            return exec, ("import signal; print('loading', flush=True); signal.pause()",)

    tmp_path.chmod(0o755)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Slow()))
    (tmp_path / "model.pkl").chmod(0o644)
    container = run(tmp_path)
    wait_until(lambda: "loading" in docker_command.logs(container), what="the model to be loaded")
    assert seconds_to_stop(docker_command, container) < 10
    assert inspect(docker_command, container)["State"]["ExitCode"] == 143


def test_the_image_has_no_root_user_and_says_what_it_is(
    docker_command: DockerCommand, sklearn_image: str, base_image: str
) -> None:
    config = inspect(docker_command, sklearn_image)["Config"]
    assert config["User"] == "1000:1000"
    assert list(config["ExposedPorts"]) == ["8080/tcp"]
    labels = config["Labels"]
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.base.name"] == base_image


def test_the_image_has_byte_code_and_no_tests_or_cache(
    docker_command: DockerCommand, sklearn_image: str
) -> None:
    script = (
        "import importlib.util, os, pathlib\n"
        "files = [p for d in ('/opt/site', '/opt/app') for p in pathlib.Path(d).rglob('*.py')]\n"
        "bare = [p for p in files if not "
        "os.path.exists(importlib.util.cache_from_source(str(p)))]\n"
        "print(len(files) > 1000, bare, [str(p) for p in files if 'tests' in p.parts][:9],\n"
        "      os.path.exists('/install'), os.listdir('/tmp'),\n"
        "      os.path.exists(os.path.expanduser('~/.cache')))\n"
    )
    printed = docker_command.run(
        *("run", "--rm", "--network=none", "--user=0", "--entrypoint=python", sklearn_image),
        *("-c", script),
    )
    assert printed == "True [] [] False [] False"


def test_an_index_with_a_password_leaves_no_trace_in_the_image(
    client: Any, docker_command: DockerCommand, base_image: str, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    fetch_wheels(wheels)
    authority = tmp_path / "ca.pem"
    authority.write_text("# secret-authority\n")
    sources = InstallSources(
        wheels=wheels,
        extra_ca=authority,
        pip_settings={"PIP_INDEX_URL": "https://me:secret-password@index.invalid/simple"},
    )
    request = BuildRequest(
        "sklearnserver", base_image=base_image, tag="kfsim-test/secretive:1", sources=sources
    )
    try:
        lines = list(build_image(client, request))
        told = docker_command.run("history", "--no-trunc", request.image)
        kept = json.dumps(inspect(docker_command, request.image))
        assert lines[-1].startswith("built kfsim-test/secretive:1 (")
        assert "secret-" not in told + kept + "".join(lines)
        found = docker_command.run(
            *("run", "--rm", "--network=none", "--user=0", "--entrypoint=python", request.image),
            *("-c", _SEARCH),
        )
        assert found == "[]"
    finally:
        docker_command.run("rmi", request.image, check=False)


def test_built_images_are_listed(client: Any, sklearn_image: str) -> None:
    found = [each for each in list_images(client) if each.tag == sklearn_image]
    assert [each.runtime for each in found] == ["sklearnserver"]
    assert found[0].size > 10e6
