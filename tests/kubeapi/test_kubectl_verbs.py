"""What kubectl does by patches and by schemas: scale, set, apply --server-side, explain."""

from pathlib import Path

import pytest

from tests.kubeapi.conftest import Api
from tests.kubeapi.test_kubectl import MANIFEST, Kubectl

pytestmark = pytest.mark.live

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: a, image: "one:1"}
        - {name: b, image: "two:1", env: [{name: X, value: "1"}]}
"""


@pytest.fixture
def kubectl(api: Api, tmp_path: Path) -> Kubectl:
    return Kubectl(api, tmp_path)


async def _get(kubectl: Kubectl, kind: str, name: str, path: str) -> str:
    return (await kubectl.ok("get", kind, name, "-o", f"jsonpath={{{path}}}")).strip()


async def test_a_service_by_json_patch_and_server_side(kubectl: Kubectl) -> None:
    manifest = MANIFEST.replace("MIN", "1")
    out = await kubectl.ok("apply", "--server-side", "-f", "-", stdin=manifest)
    assert out.strip() == "inferenceservice.serving.kserve.io/iris serverside-applied"
    patch = '[{"op": "replace", "path": "/spec/predictor/minReplicas", "value": 2}]'
    await kubectl.ok("patch", "isvc", "iris", "--type=json", "-p", patch)
    assert await _get(kubectl, "isvc", "iris", ".spec.predictor.minReplicas") == "2"
    other = manifest.replace("team: a", "team: b")
    code, _, err = await kubectl.run(
        "apply", "--server-side", "--field-manager=other", "-f", "-", stdin=other
    )
    assert code == 1
    assert 'conflicts with "kubectl":' in err
    assert "- .metadata.labels.team" in err
    await kubectl.ok(
        *("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-"),
        stdin=other,
    )
    assert await _get(kubectl, "isvc", "iris", ".metadata.labels.team") == "b"


async def test_a_deployment_by_strategic_merge_patch(kubectl: Kubectl) -> None:
    await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
    await kubectl.ok("set", "image", "deployment/web", "a=one:2")
    await kubectl.ok("set", "env", "deployment/web", "-c", "b", "Y=2")
    await kubectl.ok("scale", "deployment/web", "--replicas=3")
    containers = ".spec.template.spec.containers"
    assert await _get(kubectl, "deployment", "web", f"{containers}[*].image") == "one:2 two:1"
    assert await _get(kubectl, "deployment", "web", f"{containers}[1].env[*].name") == "X Y"
    assert await _get(kubectl, "deployment", "web", ".spec.replicas") == "3"
    changed = DEPLOYMENT.replace('        - {name: a, image: "one:1"}\n', "")
    assert "configured" in await kubectl.ok("apply", "-f", "-", stdin=changed)
    assert await _get(kubectl, "deployment", "web", f"{containers}[*].name") == "b"
    assert await _get(kubectl, "deployment", "web", f"{containers}[0].env[*].name") == "X Y"


async def test_fields_are_explained(kubectl: Kubectl) -> None:
    explained = await kubectl.ok("explain", "isvc.spec.predictor.model")
    assert "FIELD: model" in explained.replace("FIELD:      ", "FIELD: ")
    for field in ("modelFormat", "storageUri", "protocolVersion"):
        assert field in explained
    assert "containerConcurrency" in await kubectl.ok("explain", "ksvc.spec.template.spec")
    assert "replicas" in await kubectl.ok("explain", "deployment.spec")
