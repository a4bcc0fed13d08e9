"""Theme A: "I just want to run it on my machine"."""

import asyncio
from pathlib import Path

import pytest

from kfsim.cli.doctor.engine import EngineFacts, check_images
from kfsim.cli.doctor.machine import check_memory
from tests.complaints.support import SKLEARN, Complaint, play
from tests.live.conftest import iris_model, kfsim
from tests.live.tool import Kfsim

__all__ = ["iris_model", "kfsim"]


@pytest.mark.live
def test_kserve_1112_a_model_of_a_file_uri_is_served(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", f"file://{iris_model}")
    kfsim.up("--runtime", "process")
    assert kfsim.post("iris")[0] == 200


@pytest.mark.live
def test_kserve_2828_there_is_a_line_to_paste_for_every_service(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.service("iris", iris_model)
    kfsim.service("rose", iris_model)
    printed = kfsim.up("--runtime", "process")
    for name in ("iris", "rose"):
        assert f"  curl http://{name}.default.localhost:" in printed
        assert kfsim.post(name)[0] == 200
    assert printed.count("  python3 -c ") == 2


def test_kserve_590_an_image_of_ones_own_is_found_in_the_local_store() -> None:
    built = EngineFacts(where="unix:///var/run/docker.sock", images=frozenset({"mine/iris:dev"}))
    (finding,) = check_images(built, ("mine/iris:dev",))
    assert finding.line == "ok       images: all 1 of the manifests are present"
    (finding,) = check_images(built, ("mine/rose:dev",))
    assert "mine/rose:dev is not present and will be pulled" in finding.line
    assert "build or tag it under this name" in finding.line


@pytest.mark.scenario
def test_kserve_2943_neither_istio_nor_knative_is_needed_for_either_mode() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN, annotations={"serving.kserve.io/deploymentMode": "Standard"})
        await user.until_ready()
        told = user.why()
        assert "deploymentMode Standard is served as Knative with at least one replica" in told

    play(story)


@pytest.mark.live
def test_manifests_2660_what_is_too_little_is_told_before_the_start(kfsim: Kfsim) -> None:
    kfsim.service("big", "/m", extra="    minReplicas: 3\n")
    manifest = (kfsim.manifests / "big.yaml").read_text()
    kfsim.write("big.yaml", manifest + "      resources: {requests: {memory: 900Ti}}\n")
    printed = kfsim.attempt("doctor", "manifests").stdout
    (line,) = [each for each in printed.splitlines() if " memory: " in each]
    assert line.startswith("note ")
    assert "the manifests ask for 2969 TB" in line


def test_docs_1325_eight_gigabytes_are_no_problem_until_manifests_ask_for_more() -> None:
    gigabytes = 10**9
    fits, needs = (check_memory(8 * gigabytes, needed) for needed in (0, 12 * gigabytes))
    assert fits is not None
    assert fits.line == "ok       memory: 8.0 GB available"
    assert needs is not None
    assert "services at zero take none" in needs.line


@pytest.mark.scenario
def test_quickstart_246_a_service_that_nobody_asks_takes_nothing() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN | {"minReplicas": 0})
        await user.until_ready()
        await asyncio.sleep(120)
        assert "Revision iris-predictor-00001: 0 replicas, 0 wanted." in user.why()

    play(story)
