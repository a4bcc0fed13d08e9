"""The main job in Docker: real containers behind the same manifests and the same answers."""

import uuid
from pathlib import Path

import pytest

from tests.engines.command import DockerCommand
from tests.live.containers import (
    ask,
    event_messages,
    find_pod,
    find_status,
    kubectl,
    load_on,
    make_container,
    pods_of,
    write_service,
)
from tests.live.tool import IMPATIENT, Kfsim
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def _on_the_engine(kfsim: Kfsim, engine: str) -> None:
    kfsim.docker_host = engine


def test_a_model_is_served_by_a_container(kfsim: Kfsim, own_image: str, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    assert "iris: runtime kserve-sklearnserver" in kfsim.up("--runtime=docker")
    status, answer, headers = kfsim.post("iris")
    assert (status, answer) == (200, {"predictions": [1, 1]})
    assert headers["kfsim-revision"] == "iris-predictor-00001"
    values = [6.8, 2.8, 4.8, 1.4]
    tensor = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": values}]}
    status, answer, _ = kfsim.post("iris", tensor, path="/v2/models/iris/infer")
    assert (status, answer["outputs"][0]["data"]) == (200, [1])

    (container,) = kfsim.containers()
    assert not kfsim.replica_pids()
    image, user = kfsim.docker.run(
        "inspect", "--format={{.Config.Image}} {{.Config.User}}", container
    ).split()
    assert image.removeprefix("docker.io/") == own_image
    assert user not in ("root", "0")
    assert f"docker://{container}" == find_status(kfsim, "iris")["containerID"]
    (substituted,) = event_messages(kfsim, "ImageSubstituted")
    assert own_image in substituted
    assert "runs by docker: --runtime docker asks for it" in kfsim.run("why", "iris")
    (row,) = kubectl(kfsim, "get", "pods", "--no-headers").splitlines()
    assert row.split()[1:4] == ["2/2", "Running", "0"]
    path = "jsonpath={.items[0].status.containerStatuses[0].containerID}"
    assert kubectl(kfsim, "get", "pods", "-o", path) == f"docker://{container}"

    assert "model iris loaded from /mnt/models/model.joblib" in kfsim.run("logs", "iris")
    kfsim.docker.run("kill", container)
    wait_until(lambda: find_status(kfsim, "iris").get("restartCount") == 1, what="a restart")
    wait_until(lambda: kfsim.post("iris")[0] == 200, what="an answer after the restart")
    before = kfsim.run("logs", "iris", "--previous")
    assert "POST /v1/models/iris:predict" in before or "serving on" in before
    last = find_status(kfsim, "iris")["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (137, "Error")


def test_an_idle_service_has_no_container_and_wakes_on_a_request(
    kfsim: Kfsim, own_image: str, iris_model: Path
) -> None:
    kfsim.write("config.yaml", IMPATIENT)
    kfsim.service("iris", iris_model, extra="    minReplicas: 0\n")
    kfsim.up("--runtime=docker")
    assert kfsim.post("iris")[0] == 200
    wait_until(lambda: not kfsim.objects("pods"), what="no pod is left")
    assert not kfsim.containers("--all")
    status, answer, headers = kfsim.post("iris")
    assert (status, answer) == (200, {"predictions": [1, 1]})
    assert headers["kfsim-start"] == "cold"
    assert len(kfsim.containers()) == 1


def test_load_makes_more_containers_and_idleness_fewer(kfsim: Kfsim, base_image: str) -> None:
    kfsim.write("config.yaml", IMPATIENT)
    write_service(kfsim, "web", make_container(base_image), maxReplicas=3, containerConcurrency=1)
    kfsim.up("--runtime=docker")
    with load_on(kfsim, "web", clients=6) as load:
        wait_until(lambda: len(kfsim.containers()) >= 2, what="two containers")
        load.wait_for_more(20)
    assert not [failure for each in load.askers for failure in each.failures]
    wait_until(lambda: len(kfsim.containers("--all")) == 1, what="one container again")


def test_auto_runs_images_that_are_here_and_else_what_has_a_recipe(
    kfsim: Kfsim, base_image: str, docker_command: DockerCommand
) -> None:
    absent = f"kfsim-test/absent-{uuid.uuid4().hex[:8]}:1"
    write_service(kfsim, "here", make_container(base_image))
    write_service(kfsim, "away", make_container(absent))
    asked = {"kfsim.dev/runtime": "process"}
    write_service(kfsim, "asked", make_container(base_image), annotations=asked)
    kfsim.up()
    decided = {
        "here": ("docker", f"{base_image} is present"),
        "away": (
            "process",
            f"{absent} is not present, and container kserve-container has a command of its own",
        ),
        "asked": ("process", "the annotation kfsim.dev/runtime asks for it"),
    }
    assert {name: _backend(kfsim, name) for name in decided} == decided
    for name, (backend, reason) in decided.items():
        assert f"runs by {backend}: {reason}" in kfsim.run("why", name)
    (container,) = kfsim.containers()
    assert find_status(kfsim, "here")["containerID"] == f"docker://{container}"
    assert ask(kfsim, "away", "os.getcwd()").startswith(str(kfsim.state))

    docker_command.run("tag", base_image, absent)
    try:
        pod = find_pod(kfsim, "away")["metadata"]
        kfsim.run("delete", "pod", pod["name"])
        wait_until(
            lambda: (
                [p["metadata"]["uid"] for p in pods_of(kfsim, "away")] not in ([], [pod["uid"]])
                and kfsim.run("wait", "isvc/away", "--for=condition=Ready")
            ),
            what="another Pod",
        )
        assert _backend(kfsim, "away") == decided["away"]
        assert ask(kfsim, "away", "os.getcwd()").startswith(str(kfsim.state))
        write_service(kfsim, "away", make_container(absent, workingDir="/tmp"))
        kfsim.up()
        assert _backend(kfsim, "away", "00002") == ("docker", f"{absent} is present")
        wait_until(lambda: ask(kfsim, "away", "os.getcwd()") == "/tmp", what="the new revision")
    finally:
        kfsim.run("delete", "isvc", "away")
        wait_until(lambda: len(kfsim.containers("--all")) == 1, what="its containers are gone")
        docker_command.run("rmi", "--no-prune", absent)


def _backend(kfsim: Kfsim, service: str, generation: str = "00001") -> tuple[str, str]:
    name = f"{service}-predictor-{generation}-deployment"
    annotations = kfsim.object("deployment", name)["metadata"]["annotations"]
    return annotations["kfsim.dev/backend"], annotations["kfsim.dev/backend-reason"]


def test_an_image_of_kfsim_yaml_runs_in_place_of_the_manifests(
    kfsim: Kfsim, sklearn_image: str, iris_model: Path
) -> None:
    """The image is present, so `auto` runs it in Docker, where the asked one would be a process."""
    kfsim.service("iris", iris_model)
    kfsim.write("kfsim.yaml", f"images: {{kserve/sklearnserver: '{sklearn_image}'}}\n")
    kfsim.up()
    assert kfsim.post("iris")[1] == {"predictions": [1, 1]}
    (container,) = kfsim.containers()
    image = kfsim.docker.run("inspect", "--format={{.Config.Image}}", container)
    assert image.removeprefix("docker.io/") == sklearn_image
    told = kfsim.run("why", "iris")
    assert f"runs by docker: {sklearn_image} is present" in told
    assert f"spec.predictor.model.image: {sklearn_image} for kserve/sklearnserver:v" in told
