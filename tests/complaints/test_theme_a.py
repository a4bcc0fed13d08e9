"""Theme A: "I just want to run it on my machine"."""

from pathlib import Path

import pytest

from tests.live.conftest import iris_model, kfsim
from tests.live.tool import Kfsim

__all__ = ["iris_model", "kfsim"]
pytestmark = pytest.mark.live


def test_kserve_1112_a_model_of_a_file_uri_is_served(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", f"file://{iris_model}")
    kfsim.up("--runtime", "process")
    assert kfsim.post("iris")[0] == 200


def test_kserve_2828_there_is_a_line_to_paste_for_every_service(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.service("iris", iris_model)
    printed = kfsim.up("--runtime", "process")
    assert "  curl http://iris.default.localhost:" in printed
    assert "  python3 -c " in printed


def test_manifests_2660_what_is_too_little_is_told_before_the_start(kfsim: Kfsim) -> None:
    kfsim.service("big", "/m", extra="    minReplicas: 3\n")
    manifest = (kfsim.manifests / "big.yaml").read_text()
    kfsim.write("big.yaml", manifest + "      resources: {requests: {memory: 900Ti}}\n")
    printed = kfsim.attempt("doctor", "manifests").stdout
    (line,) = [each for each in printed.splitlines() if " memory: " in each]
    assert line.startswith("note ")
    assert "the manifests ask for 2969 TB" in line
