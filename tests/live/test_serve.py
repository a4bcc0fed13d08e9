"""`kfsim serve MODEL`, as somebody does who has a model file and nothing else."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.live.tool import Kfsim

PORTS = ("--gateway=127.0.0.1:0", "--api=127.0.0.1:0")


@pytest.fixture
def model(kfsim: Kfsim, iris_model: Path) -> Path:
    kfsim.manifests.rmdir()  # somebody who has no manifests yet
    return Path(shutil.copy(iris_model / "model.joblib", kfsim.folder / "Iris_v1.joblib"))


def test_a_model_is_served_and_its_manifest_kept(kfsim: Kfsim, model: Path) -> None:
    printed = kfsim.run("serve", model.name, "-d", "--min-replicas=1", *PORTS)
    file = kfsim.manifests / "iris-v1.yaml"
    assert f"wrote manifests/iris-v1.yaml:\n\n{file.read_text()}" in printed
    assert "iris-v1: runtime kserve-sklearnserver" in printed
    assert kfsim.post("iris-v1")[1] == {"predictions": [1, 1]}
    # It is of the project that `kfsim up` has here, and unchanged for it.
    assert "iris-v1 unchanged" in kfsim.run("up", "-d")
    assert "found manifests/iris-v1.yaml" in kfsim.run(
        "serve", model.name, "-d", "--min-replicas=1"
    )


def test_a_file_that_says_something_else_is_not_overwritten(kfsim: Kfsim, model: Path) -> None:
    file = kfsim.write("iris-v1.yaml", "# mine\n")
    done = kfsim.attempt("serve", model.name, "-d", *PORTS)
    assert done.returncode == 1
    assert "manifests/iris-v1.yaml exists and says something else" in done.stdout
    assert file.read_text() == "# mine\n"
    assert not kfsim.state.exists()


def test_print_writes_and_starts_nothing(kfsim: Kfsim, model: Path) -> None:
    printed = kfsim.run("serve", str(model), "--print", "--name=other", "-n", "team")
    document = yaml.safe_load(printed)
    assert document["metadata"] == {"name": "other", "namespace": "team"}
    assert document["spec"]["predictor"]["model"]["storageUri"] == "../Iris_v1.joblib"
    assert sorted(path.name for path in kfsim.folder.iterdir()) == ["Iris_v1.joblib"]


def test_a_model_and_a_manifest_elsewhere(kfsim: Kfsim, iris_model: Path, model: Path) -> None:
    kfsim.run("serve", str(iris_model), "--name=far", "-o", "deploy/far.yaml", "-d", *PORTS)
    document = yaml.safe_load((kfsim.folder / "deploy/far.yaml").read_text())
    assert document["spec"]["predictor"]["model"]["storageUri"] == str(iris_model.resolve())
    assert kfsim.post("far")[0] == 200


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("Iris_v1.jobllib",), "did you mean Iris_v1.joblib?"),
        (("net.onnx", "--runtime=process"), "KServe serves with kserve-tritonserver"),
        (("net.onnx",), "this needs Docker, and cannot reach the Docker engine"),
        (("Iris_v1.joblib", "--format=nonsense"), "no runtime found"),
        (("Iris_v1.joblib", "--name=Iris"), "--name iris would do"),
    ],
    ids=["typo", "no process", "no engine", "no runtime", "no name"],
)
def test_what_cannot_be_served_says_why_and_leaves_nothing(
    kfsim: Kfsim, model: Path, words: tuple[str, ...], message: str
) -> None:
    (kfsim.folder / "net.onnx").touch()
    kfsim.docker_host = "unix:///nowhere/docker.sock"
    done = kfsim.attempt("serve", *words)
    assert done.returncode == 1
    assert message in done.stdout
    assert not kfsim.manifests.exists()
    assert not kfsim.state.exists()
