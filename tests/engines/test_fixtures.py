"""The engines and registries that other tests stand on."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
import requests

from tests.engines import host
from tests.engines.command import DockerCommand, problem_of
from tests.engines.fixtures import require
from tests.engines.private import PrivateEngine, missing_for_private_engine
from tests.engines.registry import Registry
from tests.waiting import wait_until


def test_the_base_image_runs_python_and_a_shell(
    docker_command: DockerCommand, base_image: str
) -> None:
    script = "python -c 'import ssl, sqlite3, ctypes; print(6 * 7)' && id -u"
    words = ["run", "--rm", "--network=none", "--user=1000", base_image, "sh", "-c", script]
    assert docker_command.run(*words) == "42\n1000"


def test_a_private_engine_keeps_containers_over_a_restart(
    private_engine: PrivateEngine, base_image: str
) -> None:
    command = private_engine.command
    container = command.run("run", "--detach", "--init", base_image, "sleep", "600")
    before = private_engine.pid
    private_engine.restart()
    assert private_engine.pid != before
    state = command.run("inspect", "--format={{.State.Status}}", container)
    assert state == "exited"


def test_a_killed_private_engine_answers_after_the_next_start(
    private_engine: PrivateEngine, base_image: str
) -> None:
    private_engine.command.run("run", "--detach", "--init", base_image, "sleep", "600")
    private_engine.kill()
    assert not private_engine.running
    with pytest.raises(RuntimeError):
        private_engine.command.run("ps")
    private_engine.start()
    assert private_engine.command.run("ps", "--all", "--quiet")


def test_a_private_engine_gives_containers_addresses_the_host_and_they_reach(
    private_engine: PrivateEngine, base_image: str
) -> None:
    command = private_engine.command
    command.run("network", "create", "reach")
    server = command.run(
        *("run", "--detach", "--init", "--network=reach", "--name=server", base_image),
        *("python", "-m", "http.server", "--directory=/etc", "8000"),
    )
    template = "--format={{.NetworkSettings.Networks.reach.IPAddress}}"
    address = command.run("inspect", template, server)
    asking = (
        "import time, urllib.request, urllib.error\n"
        "while True:\n"
        "    try: print(urllib.request.urlopen('http://server:8000/group').status); break\n"
        "    except urllib.error.URLError: time.sleep(0.05)\n"
    )
    assert command.run("run", "--rm", "--network=reach", base_image, "python", "-c", asking) == (
        "200"
    )
    assert requests.get(f"http://{address}:8000/group", timeout=10).ok


def test_a_private_engine_accepts_gpu_requests(
    private_engine: PrivateEngine, base_image: str
) -> None:
    request = docker.types.DeviceRequest(
        driver="nvidia", device_ids=["GPU-a", "GPU-b"], capabilities=[["gpu"]]
    )
    with contextlib.closing(docker.DockerClient(base_url=private_engine.url)) as client:
        printed = client.containers.run(
            base_image,
            ["sh", "-c", 'echo "$NVIDIA_VISIBLE_DEVICES"'],
            device_requests=[request],
            network_mode="none",
            remove=True,
        )
    assert printed == b"GPU-a,GPU-b\n"


def _bridges() -> set[str]:
    return {each.parent.name for each in Path("/sys/class/net").glob("*/bridge")}


def test_a_closed_private_engine_leaves_nothing(
    base_image: str, docker_command: DockerCommand
) -> None:
    require(missing_for_private_engine())
    bridges = _bridges()
    private = PrivateEngine()
    folder = Path(private.url.removeprefix("unix://")).parent
    try:
        private.start()
        private.restart()
        docker_command.copy_image(base_image, private.command)
        private.command.run("network", "create", "left")
        private.command.run(
            *("run", "--detach", "--init", "--network=left", base_image, "sleep", "600")
        )
        private.kill()
    finally:
        private.close()
    assert not folder.exists()
    assert str(folder) not in Path("/proc/self/mounts").read_text()
    assert private.name not in _bridges()
    assert _bridges() >= bridges, "another engine's bridge was taken away"


def test_what_a_killed_test_run_left_is_removed_by_the_next_one(
    base_image: str, docker_command: DockerCommand
) -> None:
    require(missing_for_private_engine())
    script = (
        "import os, signal\n"
        "from tests.engines.command import DockerCommand\n"
        "from tests.engines.private import PrivateEngine\n"
        "private = PrivateEngine()\n"
        "private.start()\n"
        f"DockerCommand({docker_command.url!r}).copy_image({base_image!r}, private.command)\n"
        "private.command.run('network', 'create', 'left')\n"
        "words = ['--detach', '--init', '--network=left']\n"
        f"private.command.run('run', *words, {base_image!r}, 'sleep', '600')\n"
        "print(private.name, private.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    name, pid = done.stdout.split()
    folder = Path(tempfile.gettempdir(), name)
    # It ends with the run that started it.
    wait_until(lambda: not Path("/proc", pid, "exe").exists(), what="the engine's end")
    assert folder.exists()
    before = _bridges()
    host.sweep(folder.parent)
    assert not folder.exists()
    assert str(folder) not in Path("/proc/self/mounts").read_text()
    assert name in before - _bridges()
    assert [each for each in before - _bridges() if each.startswith("br-")]


def test_a_registry_gives_the_base_image_to_anybody(
    registry: Registry, private_engine: PrivateEngine
) -> None:
    reference = registry.reference("base:1")
    private_engine.command.run("pull", reference)
    private_engine.command.run("rmi", reference)


@pytest.mark.parametrize(
    ("login", "accepted"),
    [
        pytest.param(lambda it: (it.username, it.password), True, id="right"),
        pytest.param(lambda it: (it.username, "wrong"), False, id="wrong"),
        pytest.param(lambda it: None, False, id="none"),
    ],
)
def test_a_private_registry_wants_the_password(
    private_registry: Registry, login: Callable[[Registry], tuple[str, str] | None], accepted: bool
) -> None:
    url = f"http://{private_registry.address}/v2/base/tags/list"
    answer = requests.get(url, auth=login(private_registry), timeout=10)
    assert answer.status_code == (200 if accepted else 401)


@pytest.mark.parametrize(
    ("continuous", "outcome"),
    [("true", pytest.fail.Exception), ("", pytest.skip.Exception)],
    ids=["ci", "laptop"],
)
def test_what_is_missing_fails_in_ci_and_skips_on_a_laptop(
    continuous: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", continuous)
    with pytest.raises(outcome, match="no Docker engine answers at unix:///nowhere"):
        require(problem_of("unix:///nowhere"))
