"""`eval "$(kfsim env)"` against a real daemon, with the real kubectl, curl's view and the SDK."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from kubernetes import client, config

from tests.live.conftest import project
from tests.live.tool import Kfsim

KFSIM = shlex.join([sys.executable, "-m", "kfsim"])


@pytest.fixture
def kubectl() -> str:
    found = shutil.which("kubectl")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("kubectl is missing in CI")
        pytest.skip("kubectl is not installed")
    return found


def sh(kfsim: Kfsim, script: str) -> str:
    """A script in a shell whose home is the test's own."""
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=kfsim.folder,
        env={**kfsim.environment, "HOME": str(kfsim.folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("folder", ["plain", 'it\'s  "$HOME" here'])
def test_kubectl_and_the_gateway_are_found(
    kubectl: str, tmp_path: Path, iris_model: Path, folder: str
) -> None:
    (tmp_path / folder).mkdir()
    with project(tmp_path / folder) as kfsim:
        kfsim.service("iris", iris_model)
        kfsim.up()
        printed = sh(
            kfsim,
            f'eval "$({KFSIM} env)"; {kubectl} get isvc -o name; {kubectl} config current-context; '
            'echo "$INGRESS_HOST:$INGRESS_PORT"; echo "$KSERVE_INGRESS_HOST_PORT"; '
            'stat -c %a "$KUBECONFIG"',
        )
        gateway = kfsim.daemon["gateway"]
        assert printed.splitlines() == [
            "inferenceservice.serving.kserve.io/iris",
            "kfsim",
            gateway,
            gateway,
            "600",
        ]


def test_the_python_client_reads_services_by_it(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    variables = json.loads(kfsim.run("env", "-o", "json"))
    assert variables["KSERVE_INGRESS_HOST_PORT"] == kfsim.daemon["gateway"]
    with config.new_client_from_config(variables["KUBECONFIG"]) as session:
        found = client.CustomObjectsApi(session).list_namespaced_custom_object(
            "serving.kserve.io", "v1beta1", "default", "inferenceservices"
        )
    assert [item["metadata"]["name"] for item in found["items"]] == ["iris"]


def test_a_daemon_that_is_known_by_its_address_alone(kfsim: Kfsim) -> None:
    kfsim.up()
    api = kfsim.daemon["api"]
    variables = json.loads(kfsim.run("env", "--api", api, "-o", "json"))
    assert variables["KUBECONFIG"] == str(kfsim.state / "kubeconfig")
    assert f"server: http://{api}\n" in (kfsim.state / "kubeconfig").read_text()


def test_after_unset_nothing_points_at_the_daemon(kfsim: Kfsim) -> None:
    kfsim.up()
    script = f'eval "$({KFSIM} env)"; eval "$({KFSIM} env --unset)"; env'
    left = [line.partition("=")[0] for line in sh(kfsim, script).splitlines()]
    assert "HOME" in left
    assert not {"INGRESS_HOST", "INGRESS_PORT", "KSERVE_INGRESS_HOST_PORT", "KUBECONFIG"} & {*left}
