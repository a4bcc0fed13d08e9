"""Daemons, containers and engines that die under load, and what comes back by itself."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.engines.command import docker_program
from tests.engines.private import PrivateEngine
from tests.live.containers import (
    ask,
    failure_of,
    find_pod,
    find_status,
    kubectl,
    load_on,
    make_container,
    pods_of,
    write_service,
)
from tests.live.tool import Kfsim
from tests.waiting import wait_until

DOCKER = "--runtime=docker"
IDS = "jsonpath={.items[*].status.containerStatuses[?(@.name=='kserve-container')].containerID}"
LABELS = "--format={{json .Config.Labels}}"


def test_containers_outlive_a_killed_daemon_and_are_taken_over(
    kfsim: Kfsim, engine: str, base_image: str
) -> None:
    kfsim.docker_host = engine
    gone = write_service(kfsim, "gone", make_container(base_image))
    write_service(kfsim, "web", make_container(base_image), minReplicas=2)
    kfsim.up(DOCKER)
    wait_until(lambda: len(kfsim.containers()) == 3, what="three containers")
    gone.unlink()
    with load_on(kfsim, "web", clients=3) as load:
        load.wait_for_more(20)
        kfsim.run("wait", "isvc/web", "--for=condition=Ready")
        before = _ids(kfsim, "web")
        labels = kfsim.docker.run("inspect", LABELS, *before)
        processes = {ask(kfsim, "web", "ME") for _ in range(20)}
        kfsim.kill_daemon()
        assert len(kfsim.containers()) == 3
        # Its manifest is gone: `up` prunes the service, and with it the container it finds.
        kfsim.up(DOCKER)
        load.wait_for_more(20)
    assert _ids(kfsim, "web") == before
    assert {f"docker://{each}" for each in before} == set(
        kubectl(
            kfsim, "get", "pods", "-l", "serving.kserve.io/inferenceservice=web", "-o", IDS
        ).split()
    )
    assert kfsim.docker.run("inspect", LABELS, *before) == labels
    assert {ask(kfsim, "web", "ME") for _ in range(20)} <= processes
    restarts = [
        status["restartCount"]
        for pod in pods_of(kfsim, "web")
        for status in pod["status"]["containerStatuses"]
    ]
    assert set(restarts) == {0}
    wait_until(lambda: set(kfsim.containers("--all")) == set(before), what="the other is removed")
    # Clients saw nothing worse than that no gateway listened.
    statuses = {status for asker in load.askers for _, status in asker.results}
    assert {each for each in statuses if isinstance(each, int)} == {200}


def _ids(kfsim: Kfsim, service: str) -> list[str]:
    """The ids of the service's running containers, in order."""
    revision = f"--filter=label=kfsim.dev/revision={service}-predictor-00001"
    return sorted(kfsim.containers(revision))


def test_a_pod_that_was_deleted_while_no_daemon_ran_leaves_no_container(
    kfsim: Kfsim, engine: str, base_image: str
) -> None:
    """A container of ours that no Pod records, one that never started, and a second network."""
    kfsim.docker_host = engine
    write_service(kfsim, "web", make_container(base_image))
    kfsim.up(DOCKER)
    (kept,) = kfsim.containers()
    kfsim.kill_daemon()
    labels = json.loads(kfsim.docker.run("inspect", LABELS, kept))
    words = [
        f"--label={key}={value}"
        for key, value in {**labels, "kfsim.dev/pod": "orphan", "kfsim.dev/uid": "none"}.items()
    ]
    kfsim.docker.run("run", "--detach", "--init", *words, base_image, "sleep", "600")
    kfsim.docker.run("create", *words, base_image, "sleep", "600")
    assert len(kfsim.containers("--all")) == 3
    kfsim.up(DOCKER)
    wait_until(lambda: kfsim.containers("--all") == [kept], what="only the adopted one is left")
    assert ask(kfsim, "web", "1 + 1") == 2


def test_down_after_a_killed_daemon_removes_everything(
    kfsim: Kfsim, engine: str, base_image: str
) -> None:
    kfsim.docker_host = engine
    write_service(kfsim, "web", make_container(base_image), minReplicas=2)
    kfsim.up(DOCKER)
    wait_until(lambda: len(kfsim.containers()) == 2, what="two containers")
    kfsim.kill_daemon()
    assert kfsim.networks()
    assert "removed 2 containers" in kfsim.run("down")
    assert not kfsim.in_engine()


def test_what_a_stop_without_an_engine_leaves_is_removed_by_the_next(
    private_engine: PrivateEngine, private_kfsim: Kfsim, base_image: str
) -> None:
    write_service(private_kfsim, "web", make_container(base_image))
    private_kfsim.up(DOCKER)
    private_engine.kill()
    printed = private_kfsim.run("down")
    assert "its containers are left: run `kfsim down` again when it is back" in printed
    private_engine.start()
    assert private_kfsim.in_engine()
    assert "removed 1 containers" in private_kfsim.run("down")
    assert not private_kfsim.in_engine()
    again = private_kfsim.attempt("down")
    assert (again.returncode, again.stdout.startswith("Error: no kfsim daemon")) == (1, True)


@contextmanager
def die_events(kfsim: Kfsim, container: str) -> Iterator[Iterator[str]]:
    """The lines of `docker events` that tell the end of this container."""
    filters = (f"--filter=container={container}", "--filter=event=die")
    with subprocess.Popen(
        [docker_program(), "events", *filters, "--format={{.ID}}"],
        env={**os.environ, "DOCKER_HOST": kfsim.docker.url},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout)
        finally:
            process.kill()


def _restarts(kfsim: Kfsim) -> list[int]:
    return sorted(find["restartCount"] for find in _serving_statuses(kfsim))


def test_nothing_is_sent_to_a_container_that_was_killed_under_load(
    kfsim: Kfsim, engine: str, base_image: str
) -> None:
    kfsim.docker_host = engine
    write_service(kfsim, "web", make_container(base_image), minReplicas=2)
    kfsim.up(DOCKER)
    wait_until(lambda: len({ask(kfsim, "web", "ME") for _ in range(9)}) == 2, what="both answer")
    killed, _ = kfsim.containers()
    with load_on(kfsim, "web", clients=4) as load, die_events(kfsim, killed) as died:
        load.wait_for_more(40)
        kfsim.docker.run("kill", killed)
        assert next(died).strip() == killed
        told = [len(asker.results) for asker in load.askers]
        load.wait_for_more(200)
    for before, asker in zip(told, load.askers, strict=True):
        # In flight when the event came are the request that was not over and none that began
        # after it.
        assert [status for _, status in asker.results[before + 1 :] if status != 200] == []
        assert len(asker.failures) <= 1
    wait_until(lambda: _restarts(kfsim) == [0, 1], what="the killed one was started again")
    wait_until(lambda: len({ask(kfsim, "web", "ME") for _ in range(9)}) == 2, what="both again")
    assert _restarts(kfsim) == [0, 1]


def _serving_statuses(kfsim: Kfsim) -> list[dict[str, int]]:
    return [
        status
        for pod in pods_of(kfsim, "web")
        for status in pod["status"]["containerStatuses"]
        if status["name"] == "kserve-container"
    ]


@pytest.fixture
def breakable(
    private_engine: PrivateEngine, private_kfsim: Kfsim, base_image: str
) -> PrivateEngine:
    """The engine of a running project: web in a container, other a process."""
    kfsim = private_kfsim
    write_service(kfsim, "web", make_container(base_image))
    asked = {"kfsim.dev/runtime": "process"}
    write_service(kfsim, "other", make_container(base_image), annotations=asked)
    kfsim.up(DOCKER)
    return private_engine


def test_an_engine_that_stops_under_load_is_waited_for(
    breakable: PrivateEngine, kfsim: Kfsim
) -> None:
    pid = kfsim.daemon["pid"]
    with load_on(kfsim, "web", clients=3) as load:
        load.wait_for_more(20)
        breakable.stop()
        wait_until(lambda: "EngineUnavailable" in kfsim.run("why", "web"), what="why tells it")
        waiting = find_status(kfsim, "web")["state"]["waiting"]
        assert waiting["reason"] == "EngineUnavailable"
        assert breakable.url in waiting["message"]
        assert "EngineUnavailable" in failure_of(kfsim, "web")["message"]
        assert ask(kfsim, "other", "1 + 1") == 2
        breakable.start()
        load.wait_for_more(20)
    _check_recovery(kfsim, pid)


def test_containers_of_a_killed_engine_serve_until_it_is_back(
    breakable: PrivateEngine, kfsim: Kfsim
) -> None:
    pid = kfsim.daemon["pid"]
    with load_on(kfsim, "web", clients=3) as load:
        load.wait_for_more(20)
        breakable.kill()
        load.wait_for_more(50)
        away = f"the Docker engine at {breakable.url}"
        wait_until(lambda: away in kfsim.run("why", "web"), what="why tells it")
        assert away not in kfsim.run("why", "other")
        assert ask(kfsim, "other", "1 + 1") == 2
        breakable.start()  # a dockerd ends the containers that it finds running
        wait_until(lambda: find_status(kfsim, "web")["restartCount"] >= 1, what="a restart")
        load.wait_for_more(20)
    _check_recovery(kfsim, pid)


def _check_recovery(kfsim: Kfsim, pid: int) -> None:
    assert kfsim.daemon["pid"] == pid
    status = wait_until(
        lambda: (found := find_status(kfsim, "web")).get("ready") and found, what="it is ready"
    )
    assert status["restartCount"] >= 1
    assert find_pod(kfsim, "web")["status"]["phase"] == "Running"
