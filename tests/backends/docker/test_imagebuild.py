"""Building a runtime's image: the narration by tables, and one real image put to work."""

import contextlib
import json
import pickle
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest

from kfsim import __version__
from kfsim.backends.docker.imagebuild import (
    BuildFailed,
    BuildRequest,
    build_image,
    default_tag,
    list_images,
)
from kfsim.backends.docker.imagecontext import InstallSources
from kfsim.base.errors import BadRequest
from tests.engines.command import DockerCommand
from tests.engines.images import fetch_wheels

FLOWERS = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
REQUEST = BuildRequest("sklearnserver", base_image="base:1")


class ScriptedClient:
    """An engine whose builder says what the test wants."""

    def __init__(self, *events: Mapping[str, Any]) -> None:
        self.events = events
        self.options: dict[str, Any] = {}
        self.removed: list[str] = []

    def build(self, **options: Any) -> Iterator[Mapping[str, Any]]:
        self.options = options
        return iter(self.events)

    def inspect_image(self, image: str) -> dict[str, Any]:
        return {"Id": "sha256:0123456789abcdef", "Size": 398_279_255}

    def remove_image(self, image: str) -> None:
        self.removed.append(image)


def stream(text: str) -> dict[str, str]:
    return {"stream": text}


def test_a_build_is_told_by_its_slow_steps() -> None:
    client = ScriptedClient(
        {"status": "Pulling from library/base", "id": "1"},
        {"status": "Downloading", "id": "abc", "progress": "[=>  ]"},
        stream("Step 1/4 : ARG BASE_IMAGE=python:3.12-slim\n"),
        stream("Step 2/4 : FROM ${BASE_IMAGE}\n"),
        stream(" ---> 2667192758f3\n"),
        stream(f"Step 3/4 : RUN {'x' * 90}\n"),
        stream("Collecting numpy\n"),
        stream("Step 4/4 : USER 1000\n"),
    )
    assert list(build_image(client, REQUEST)) == [
        f"building kfsim/sklearnserver:{__version__} from base:1",
        "pulling base:1",
        "step 2 of 4: FROM ${BASE_IMAGE}",
        f"step 3 of 4: RUN {'x' * 58}…",
        f"built kfsim/sklearnserver:{__version__} (0123456789ab, 398 MB)",
    ]
    assert client.options["buildargs"] == {"BASE_IMAGE": "base:1"}
    assert client.options["tag"] == default_tag("sklearnserver")


@pytest.mark.parametrize(
    ("events", "words"),
    [
        pytest.param(
            [
                stream("Step 3/4 : RUN sh /install/install.sh\n"),
                *(stream(f"line {number}\n\x1b[0m\n") for number in range(40)),
                stream("Removing intermediate container 1234\n"),
                {"error": "The command … returned 1", "errorDetail": {"code": 1, "message": ""}},
            ],
            [
                "cannot build kfsim/sklearnserver",
                "step 3 of 4: RUN sh /install/install.sh failed: exit code 1; its last lines:\n",
                "\n  line 28\n",
                "\n  line 39\nif packages could not be fetched, --extra-ca",
            ],
            id="a-step",
        ),
        pytest.param(
            [stream("Step 2/4 : FROM ${BASE_IMAGE}\n"), {"error": "pull access denied for base"}],
            ["FROM ${BASE_IMAGE} failed: pull access denied for base; base:1 must be an image"],
            id="no-base",
        ),
    ],
)
def test_a_failure_shows_the_step_its_last_lines_and_the_mend(
    events: list[dict[str, Any]], words: list[str]
) -> None:
    with pytest.raises(BuildFailed) as failed:
        list(build_image(ScriptedClient(*events), REQUEST))
    for each in words:
        assert each in failed.value.message
    assert "line 27" not in failed.value.message
    assert "intermediate" not in failed.value.message


def test_an_unknown_runtime_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(BadRequest, match="known: sklearnserver"):
        list(build_image(ScriptedClient(), BuildRequest("tensorflow")))


_STAGES = [
    stream("Step 1/5 : FROM ${BASE_IMAGE} AS install\n"),
    stream(" ---> aaaaaaaaaaaa\n"),
    stream("Step 2/5 : COPY install/ /install/\n"),
    stream(" ---> bbbbbbbbbbbb\n"),
    stream("Step 3/5 : RUN sh /install/install.sh\n"),
    stream(" ---> Running in 123456789abc\n"),
    stream(" ---> cccccccccccc\n"),
    stream("Step 4/5 : FROM ${BASE_IMAGE}\n"),
    stream(" ---> aaaaaaaaaaaa\n"),
    stream("Step 5/5 : COPY --from=install /opt/site/ /opt/site/\n"),
    stream(" ---> dddddddddddd\n"),
]
_FAILS = {"error": "no space left on device"}


@pytest.mark.parametrize(
    ("events", "settings", "removed"),
    [
        pytest.param(_STAGES, {"PIP_INDEX_URL": "https://x"}, ["cccccccccccc"], id="built"),
        pytest.param([*_STAGES[:6], _FAILS], {"PIP_INDEX_URL": "x"}, ["bbbbbbbbbbbb"], id="failed"),
        pytest.param([*_STAGES[:3], _FAILS], {"PIP_INDEX_URL": "x"}, [], id="only-the-base-image"),
        pytest.param(_STAGES, {"PATH": "/bin"}, [], id="nothing-to-hide"),
    ],
)
def test_a_stage_that_has_pips_settings_is_not_kept(
    events: list[dict[str, Any]], settings: dict[str, str], removed: list[str]
) -> None:
    client = ScriptedClient(*events)
    sources = InstallSources(pip_settings=settings)
    with contextlib.suppress(BuildFailed):
        list(build_image(client, BuildRequest("sklearnserver", sources=sources)))
    assert client.removed == removed


# With a real engine

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
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)
        except urllib.error.URLError as error:
            running = inspect(docker_command, container)["State"]["Running"]
            if not running or time.monotonic() > deadline:
                raise AssertionError(docker_command.logs(container)) from error
            time.sleep(0.05)


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
            return exec, ("import time; print('loading', flush=True); time.sleep(120)",)

    tmp_path.chmod(0o755)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Slow()))
    (tmp_path / "model.pkl").chmod(0o644)
    container = run(tmp_path)
    deadline = time.monotonic() + 30
    while "loading" not in (told := docker_command.logs(container)):
        assert inspect(docker_command, container)["State"]["Running"], told
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
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
        "      os.path.exists('/install'), os.listdir('/tmp'), os.path.exists('/root/.cache'))\n"
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
