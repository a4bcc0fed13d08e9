"""What goes wrong in containers and how it is told; one service's fault is nobody else's."""

import base64
import json
from collections.abc import Iterator

import pytest

from tests.engines.command import DockerCommand
from tests.engines.registry import Registry
from tests.live.conftest import project
from tests.live.containers import (
    PYTHON,
    ask,
    event_messages,
    failure_of,
    find_status,
    make_container,
    waits_because,
    write_service,
)
from tests.live.tool import Kfsim
from tests.waiting import wait_until

ALLOCATE = "held = bytearray()\nwhile True: held += b'x' * 2**20"
DEAF = "import http.server; http.server.HTTPServer(('', 9999), None).serve_forever()"
UP = ("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", "--runtime=docker")


@pytest.fixture(scope="module")
def faulty(
    tmp_path_factory: pytest.TempPathFactory,
    engine: str,
    base_image: str,
    _registries: tuple[Registry, Registry],
) -> Iterator[Kfsim]:
    """A project of services that cannot run, and one that does."""
    with project(tmp_path_factory.mktemp("faulty"), docker_host=engine) as kfsim:
        registry = _registries[0]
        write_service(kfsim, "good", make_container(base_image))
        limits = {"limits": {"memory": "64Mi"}}
        greedy = make_container(base_image, command=[*PYTHON, ALLOCATE], resources=limits)
        write_service(kfsim, "greedy", greedy)
        write_service(kfsim, "mistaken", make_container(base_image, command=["/no/such/program"]))
        write_service(kfsim, "deaf", make_container(base_image, command=[*PYTHON, DEAF]))
        write_service(kfsim, "unknown", make_container(registry.reference("nothing:1")))
        huge = {"limits": {"cpu": "1000", "memory": "100Ti"}}
        write_service(kfsim, "huge", make_container(base_image, resources=huge))
        kfsim.up("--runtime=docker", "--no-wait")
        yield kfsim


def test_a_good_service_is_served_beside_them(faulty: Kfsim) -> None:
    faulty.run("wait", "isvc/good", "--for=condition=Ready", "--timeout=60s")
    assert ask(faulty, "good", "1 + 1") == 2


def test_memory_beyond_the_limit_ends_a_container_with_137(faulty: Kfsim) -> None:
    status = wait_until(
        lambda: (
            (found := find_status(faulty, "greedy"))
            and waits_because(found) == "CrashLoopBackOff"
            and found
        ),
        what="CrashLoopBackOff",
    )
    last = status["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)
    failure = failure_of(faulty, "greedy")
    assert (failure["reason"], failure["exitCode"]) == ("ModelLoadFailed", 137)
    assert failure["message"].startswith("OOMKilled")
    assert "OOMKilled" in faulty.run("why", "greedy")
    # The back-off grows, and every end is one restart.
    wait_until(lambda: find_status(faulty, "greedy")["restartCount"] >= 1, what="a restart")


def test_a_wrong_command_is_told_in_the_engines_words(faulty: Kfsim) -> None:
    def started_badly() -> dict[str, object]:
        status = find_status(faulty, "mistaken")
        ended = status.get("lastState", {}).get("terminated") or status.get("state", {}).get(
            "terminated"
        )
        return ended or status.get("state", {}).get("waiting", {})

    told = wait_until(
        lambda: (
            (found := started_badly())
            and found.get("reason") in ("RunContainerError", "StartError", "ContainerCannotRun")
            and found
        ),
        what="the failed start",
    )
    assert "/no/such/program" in told["message"]
    assert "no such file or directory" in told["message"]
    assert "/no/such/program" in wait_until(
        lambda: failure_of(faulty, "mistaken").get("message", ""), what="lastFailureInfo"
    )


def test_an_image_that_does_not_listen_is_never_ready_and_why_says_so(faulty: Kfsim) -> None:
    wait_until(lambda: "connection refused" in faulty.run("why", "deaf"), what="why says it")
    assert find_status(faulty, "deaf", "queue-proxy")["ready"] is False
    assert "is not ready" in faulty.run("why", "deaf")


def test_limits_above_the_host_are_clamped_with_a_warning(faulty: Kfsim) -> None:
    faulty.run("wait", "isvc/huge", "--for=condition=Ready", "--timeout=60s")
    messages = event_messages(faulty, "LimitClamped", kind="Warning")
    assert any("cpu limit 1000, more than this host has" in text for text in messages)
    assert any("memory limit 100Ti, more than this host has" in text for text in messages)
    (container,) = faulty.containers("--filter=label=kfsim.dev/revision=huge-predictor-00001")
    host = json.loads(faulty.docker.run("info", "--format={{json .}}"))
    limits = faulty.docker.run(
        "inspect", "--format={{.HostConfig.NanoCpus}} {{.HostConfig.Memory}}", container
    )
    assert limits == f"{host['NCPU'] * 10**9} {host['MemTotal']}"


def test_an_unknown_image_fails_in_the_registrys_words_and_waits(
    faulty: Kfsim, registry: Registry
) -> None:
    image = registry.reference("nothing:1")
    wait_until(
        lambda: waits_because(find_status(faulty, "unknown")) == "ImagePullBackOff",
        what="ImagePullBackOff",
    )
    events = event_messages(faulty, "Failed")
    assert any(f'Failed to pull image "{image}": ' in text for text in events)
    assert "Error: ErrImagePull" in events
    (row,) = (line for line in faulty.run("get", "pods").splitlines() if "unknown" in line)
    assert row.split()[2] in ("ImagePullBackOff", "ErrImagePull")
    failure = failure_of(faulty, "unknown")
    assert failure["reason"] == "RuntimeUnhealthy"
    assert image in failure["message"]
    done = faulty.attempt(*UP, str(faulty.manifests / "unknown.json"))
    assert done.returncode == 1
    lines = [each for each in done.stdout.splitlines() if each.startswith("unknown: ")]
    assert image in lines[-1]
    words = "manifest unknown"
    assert f"manifest for {image} not found: {words}: {words}" in " ".join(events)


def test_a_malformed_quantity_is_refused_with_its_place(faulty: Kfsim, base_image: str) -> None:
    resources = {"limits": {"memory": "1Gigs"}}
    path = write_service(faulty, "typo", make_container(base_image, resources=resources))
    try:
        done = faulty.attempt("apply", "-f", str(path))
    finally:
        path.unlink()
    assert done.returncode == 1
    assert "resources.limits.memory" in done.stdout
    assert "1Gigs" in done.stdout
    assert "typo" not in faulty.run("get", "isvc")


def test_a_private_registry_wants_a_pull_secret(
    kfsim: Kfsim, engine: str, private_registry: Registry, docker_command: DockerCommand
) -> None:
    kfsim.docker_host = engine
    image = private_registry.reference("base:1")
    login = f"{private_registry.username}:{private_registry.password}".encode()
    auths = {private_registry.address: {"auth": base64.b64encode(login).decode()}}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps({"auths": auths})},
    }
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "puller"},
        "imagePullSecrets": [{"name": "login"}],
    }
    write_service(kfsim, "closed", make_container(image))
    try:
        done = kfsim.attempt(*UP)
        assert done.returncode == 1
        assert "closed: " in done.stdout
        assert "imagePullSecrets" in failure_of(kfsim, "closed")["message"]
        assert not docker_command.run("images", "--quiet", image)

        kfsim.write("a-login.json", json.dumps(secret))
        kfsim.write("b-account.json", json.dumps(account))
        write_service(kfsim, "closed", make_container(image), serviceAccountName="puller")
        printed = kfsim.up()
        assert ask(kfsim, "closed", "1 + 1") == 2
        assert docker_command.run("images", "--quiet", image)
        for text in (printed, kfsim.run("events"), (kfsim.state / "logs/daemon.log").read_text()):
            assert private_registry.password not in text
    finally:
        kfsim.run("down")
        docker_command.run("rmi", image, check=False)
