"""An integration test of a model: the manifests of production, in a CI job without a cluster.

    pytest examples/ci

Needs `pip install kfsim pytest kubernetes`; runs in seconds, on any free ports, and leaves nothing.
"""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client

HERE = Path(__file__).parent
MANIFESTS = HERE.parent / "canary" / "manifests"
FLOWERS = json.loads((HERE.parent / "sklearn-iris" / "iris-input.json").read_text())


def kfsim(*words: str) -> str:
    """A command's standard output; CalledProcessError when it fails."""
    done = subprocess.run(["kfsim", *words], check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The manifests, up and Ready; gives the addresses to use."""
    state = str(tmp_path_factory.mktemp("kfsim"))
    # `up -d` returns when every service is Ready, and fails with the reasons when one is not.
    kfsim(
        *("up", "-d", str(MANIFESTS), "--state-dir", state),
        *("--gateway", "127.0.0.1:0", "--api", "127.0.0.1:0"),
    )
    try:
        yield json.loads(kfsim("env", "--state-dir", state, "-o", "json"))
    finally:
        kfsim("down", "--state-dir", state, "--purge")


@pytest.fixture
def services(cluster: dict[str, str]) -> client.CustomObjectsApi:
    """The Kubernetes client, as it would be used against a cluster."""
    from kubernetes import config

    config.load_kube_config(cluster["KUBECONFIG"])
    return client.CustomObjectsApi()


def test_the_model_answers(cluster: dict[str, str]) -> None:
    gateway = f"http://{cluster['INGRESS_HOST']}:{cluster['INGRESS_PORT']}"
    request = urllib.request.Request(
        f"{gateway}/v1/models/iris:predict",
        json.dumps(FLOWERS).encode(),
        {"Content-Type": "application/json", "Host": "iris.default.example.com"},
    )
    with urllib.request.urlopen(request) as response:
        assert json.load(response) == {"predictions": [1, 1]}


def test_the_service_says_what_a_cluster_would_say(services: client.CustomObjectsApi) -> None:
    isvc = services.get_namespaced_custom_object(
        "serving.kserve.io", "v1beta1", "default", "inferenceservices", "iris"
    )
    ready = {each["type"]: each["status"] for each in isvc["status"]["conditions"]}
    assert ready["Ready"] == "True"
    assert isvc["status"]["modelStatus"]["transitionStatus"] == "UpToDate"
