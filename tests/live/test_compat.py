"""One folder under both modes: names, answers, kubectl."""

import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.live.tool import Kfsim
from tests.waiting import wait_until

BOTH = """\
apiVersion: serving.kubeflow.org/v1beta1
kind: InferenceService
metadata: {{name: iris}}
spec:
  predictor:
    sklearn: {{storageUri: {model}}}
---
apiVersion: serving.kubeflow.org/v1alpha2
kind: InferenceService
metadata: {{name: old}}
spec:
  default:
    predictor:
      sklearn: {{storageUri: {model}}}
"""
FLOWER = '{"instances": [[6.8, 2.8, 4.8, 1.4]]}'
PODS = "jsonpath={.items[0].spec.containers[0].name}"
CASES = {
    "kserve": ("-predictor-00001", "kserve-container", b'{"status":"alive"}', "application/json"),
    "kfserving": ("-predictor-default-00001", "kfserving-container", b"Alive", "text/html"),
}


@pytest.mark.parametrize("compat", CASES)
def test_the_same_folder_answers(kfsim: Kfsim, iris_model: Path, compat: str) -> None:
    revision, container, alive, content_type = CASES[compat]
    kfsim.write("both.yaml", BOTH.format(model=iris_model))
    assert kfsim.run("validate", "--compat", compat)
    kfsim.up("--runtime", "process", "--compat", compat)
    for name in ("iris", "old"):
        predicted = kfsim.run("predict", name, "-d", FLOWER)
        assert '{"predictions":[1]}' in predicted
        assert f"{name}{revision}" in predicted
        with urllib.request.urlopen(f"{url(kfsim, name)}/") as answer:
            assert answer.read() == alive
            assert answer.headers["content-type"].startswith(content_type)
    assert kfsim.run("get", "pods", "-o", PODS).strip() == container
    assert kubectl(kfsim, "-o", "name").splitlines() == [
        "inferenceservice.serving.kubeflow.org/iris",
        "inferenceservice.serving.kubeflow.org/old",
    ]
    assert "CANARY TRAFFIC" in kubectl(kfsim)


def url(kfsim: Kfsim, name: str) -> str:
    return f"http://{kfsim.daemon['gateway']}/serving/default/{name}"


def kubectl(kfsim: Kfsim, *words: str) -> str:
    program = shutil.which("kubectl")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("kubectl is missing in CI")
        pytest.skip("kubectl is not installed")
    kind = "inferenceservices.v1alpha2.serving.kubeflow.org"
    command = [program, f"--server=http://{kfsim.daemon['api']}", "get", kind, *words]
    return subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(kfsim.folder), "KUBECONFIG": str(kfsim.folder / "none")},
    ).stdout


def test_another_mode_on_the_same_state_is_refused_with_the_mend(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.write("both.yaml", BOTH.format(model=iris_model))
    kfsim.up("--runtime", "process", "--compat", "kfserving")
    kfsim.run("down")
    assert "start empty with --fresh" in kfsim.up("--runtime", "process", check=False)
    kfsim.up("--runtime", "process", "--fresh")
    assert "iris-predictor-00001" in kfsim.run("get", "revisions")
    assert "left in" not in kfsim.run("down", "--purge")
    assert not kfsim.state.exists()


def test_a_v1alpha2_canary_in_two_steps(kfsim: Kfsim, iris_model: Path) -> None:
    text = BOTH.format(model=iris_model).partition("---\n")[2] + (
        f"  canary:\n    predictor:\n      sklearn: {{storageUri: {iris_model}}}\n"
        "      minReplicas: 1\n      maxReplicas: 2\n  canaryTrafficPercent: 30\n"
    )
    old = kfsim.folder / "old.yaml"
    old.write_text(text)
    kfsim.manifests.mkdir(exist_ok=True)
    kfsim.up("--runtime", "process")
    refused = kfsim.run("apply", "-f", str(old), check=False)
    assert "Canary rollout is no longer supported on v1alpha2" in refused
    kfsim.run("apply", "-f", "-", stdin=kfsim.run("convert", "-f", str(old)))
    kfsim.run("wait", "isvc/old", "--for=condition=Ready", "--timeout=60s")
    kfsim.run("apply", "-f", "-", stdin=kfsim.run("convert", "--canary", "-f", str(old)))
    path = "jsonpath={.status.components.predictor.traffic[*].percent}"
    wait_until(
        lambda: kfsim.run("get", "isvc", "old", "-o", path).split() == ["30", "70"],
        what="a split of the traffic",
    )
