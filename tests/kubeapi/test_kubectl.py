"""The real kubectl and the official Python client against the API, which they must not notice."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.kubeapi.conftest import Api

pytestmark = pytest.mark.live

MANIFEST = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: iris
  labels: {team: a}
spec:
  predictor:
    minReplicas: MIN
    sklearn:
      storageUri: file:///models/iris
"""
HEADER = "NAME URL READY PREV LATEST PREVROLLEDOUTREVISION LATESTREADYREVISION AGE"


class Kubectl:
    """Runs kubectl with a home of its own; `text` squeezes runs of blanks."""

    def __init__(self, api: Api, home: Path) -> None:
        found = shutil.which("kubectl")
        if found is None:
            if os.environ.get("CI"):
                pytest.fail("kubectl is missing in CI")
            pytest.skip("kubectl is not installed")
        self._command = (found, f"--server={api.url}")
        self._environment = {**os.environ, "HOME": str(home), "KUBECONFIG": str(home / "none")}

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
        )

    async def run(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        process = await self.start(*arguments)
        out, err = await process.communicate(stdin.encode())
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def ok(self, *arguments: str, stdin: str = "") -> str:
        code, out, err = await self.run(*arguments, stdin=stdin)
        assert code == 0, err
        return out


@pytest.fixture
def kubectl(api: Api, tmp_path: Path) -> Kubectl:
    return Kubectl(api, tmp_path)


def squeeze(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


async def test_create_get_describe_delete(kubectl: Kubectl) -> None:
    manifest = MANIFEST.replace("MIN", "0")
    created = "inferenceservice.serving.kserve.io/iris created\n"
    assert await kubectl.ok("create", "-f", "-", stdin=manifest) == created
    header, row = squeeze(await kubectl.ok("get", "isvc"))
    assert header == HEADER
    assert row.split()[0] == "iris"
    header, row = squeeze(await kubectl.ok("get", "isvc", "-A", "-o", "wide", "-l", "team=a"))
    assert (header, row.split()[:2]) == (f"NAMESPACE {HEADER} REASON", ["default", "iris"])
    assert await kubectl.ok("get", "inferenceservices.serving.kubeflow.org", "-o", "name") == (
        "inferenceservice.serving.kubeflow.org/iris\n"
    )
    assert "Storage Uri:  file:///models/iris" in await kubectl.ok("describe", "isvc", "iris")
    assert "deleted" in await kubectl.ok("delete", "isvc", "iris")
    code, _, err = await kubectl.run("get", "isvc", "iris")
    assert code == 1
    assert err == (
        'Error from server (NotFound): inferenceservices.serving.kserve.io "iris" not found\n'
    )


async def test_apply_patch_and_label(kubectl: Kubectl) -> None:
    for minimum, verb in (("0", "created"), ("0", "unchanged"), ("2", "configured")):
        manifest = MANIFEST.replace("MIN", minimum)
        assert (await kubectl.ok("apply", "-f", "-", stdin=manifest)).endswith(f"{verb}\n")
    patch = '{"spec":{"predictor":{"minReplicas":5}}}'
    assert "patched" in await kubectl.ok("patch", "isvc", "iris", "--type=merge", "-p", patch)
    assert "labeled" in await kubectl.ok("label", "isvc", "iris", "x=y")
    path = "jsonpath={.spec.predictor.minReplicas} {.metadata.labels.x} {.metadata.generation}"
    assert await kubectl.ok("get", "isvc", "iris", "-o", path) == "5 y 3"
    code, out, _ = await kubectl.run("diff", "-f", "-", stdin=MANIFEST.replace("MIN", "7"))
    assert code == 1
    assert "+    minReplicas: 7" in out


async def test_mistakes_read_as_on_a_cluster(kubectl: Kubectl) -> None:
    unknown = MANIFEST.replace("minReplicas: MIN", "minReplicaz: 1")
    code, _, err = await kubectl.run("apply", "-f", "-", stdin=unknown)
    assert code == 1
    assert 'strict decoding error: unknown field "spec.predictor.minReplicaz"' in err
    code, _, err = await kubectl.run("apply", "--validate=warn", "-f", "-", stdin=unknown)
    assert code == 0
    assert err.startswith('Warning: unknown field "spec.predictor.minReplicaz"')
    wrong = MANIFEST.replace("MIN", "two").replace("iris", "other")
    code, _, err = await kubectl.run("create", "-f", "-", stdin=wrong)
    assert code == 1
    assert err == (
        'The InferenceService "other" is invalid: spec.predictor.minReplicas: Invalid value: '
        '"two": spec.predictor.minReplicas in body must be of type integer: "string"\n'
    )


async def test_built_in_kinds(kubectl: Kubectl) -> None:
    await kubectl.ok("create", "namespace", "n")
    await kubectl.ok("create", "configmap", "c", "--from-literal=a=b", "-n", "n")
    await kubectl.ok("create", "secret", "generic", "s", "--from-literal=x=y", "-n", "n")
    await kubectl.ok("create", "serviceaccount", "sa", "-n", "n")
    lines = squeeze(await kubectl.ok("get", "cm,secret,sa", "-n", "n", "--no-headers"))
    assert [line.rpartition(" ")[0] for line in lines if line] == [
        "configmap/c 1",
        "secret/s Opaque 1",
        "serviceaccount/sa 0",
    ]
    assert await kubectl.ok("get", "secret", "s", "-n", "n", "-o", "jsonpath={.data.x}") == "eQ=="
    text = await kubectl.ok("create", "cm", "c", "--from-literal=a=d", "--dry-run=client", "-oyaml")
    for _ in range(2):
        await kubectl.ok("apply", "-n", "n", "-f", "-", stdin=text)
    assert await kubectl.ok("get", "cm", "c", "-n", "n", "-o", "jsonpath={.data.a}") == "d"
    await kubectl.ok("delete", "namespace", "n")
    code, _, _ = await kubectl.run("get", "cm", "c", "-n", "n")
    assert code == 1


async def test_get_watches(kubectl: Kubectl, api: Api) -> None:
    await kubectl.ok("create", "-f", "-", stdin=MANIFEST.replace("MIN", "0"))
    process = await kubectl.start("get", "isvc", "-w", "-o", "name")
    assert process.stdout is not None
    lines = [await process.stdout.readline()]
    second = MANIFEST.replace("MIN", "0").replace("name: iris", "name: second")
    await kubectl.ok("create", "-f", "-", stdin=second)
    lines.append(await process.stdout.readline())
    process.terminate()
    await process.communicate()
    assert lines == [
        b"inferenceservice.serving.kserve.io/iris\n",
        b"inferenceservice.serving.kserve.io/second\n",
    ]


async def test_wait(kubectl: Kubectl, api: Api) -> None:
    await kubectl.ok("create", "-f", "-", stdin=MANIFEST.replace("MIN", "0"))
    process = await kubectl.start("wait", "--for=condition=Ready", "isvc/iris", "--timeout=30s")
    path = "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices/iris/status"
    conditions = [{"type": "Ready", "status": "True"}]
    while not api.store._history.open_watches and process.returncode is None:
        await asyncio.sleep(0.01)  # until kubectl watches, so that the change is what ends it
    await api.patch(path, {"status": {"conditions": conditions}})
    out, err = await process.communicate()
    assert process.returncode == 0, err
    assert out == b"inferenceservice.serving.kserve.io/iris condition met\n"


async def test_the_python_client(api: Api) -> None:
    client = pytest.importorskip("kubernetes.client")
    watch = pytest.importorskip("kubernetes.watch")

    def use() -> list[Any]:
        configuration = client.Configuration(host=api.url)
        with client.ApiClient(configuration) as connection:
            group = ("serving.kserve.io", "v1beta1", "default", "inferenceservices")
            custom = client.CustomObjectsApi(connection)
            body = {
                "apiVersion": "serving.kserve.io/v1beta1",
                "kind": "InferenceService",
                "metadata": {"name": "iris"},
                "spec": {"predictor": {"sklearn": {"storageUri": "file:///m"}}},
            }
            made = custom.create_namespaced_custom_object(*group, body)
            events = watch.Watch().stream(
                custom.list_namespaced_custom_object, *group, timeout_seconds=1
            )
            names = [event["object"]["metadata"]["name"] for event in events]
            patched = custom.patch_namespaced_custom_object(
                *group, "iris", {"metadata": {"labels": {"a": "b"}}}
            )
            core = client.CoreV1Api(connection)
            secret = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"a": "b"})
            core.create_namespaced_secret("default", secret)
            secrets = [each.metadata.name for each in core.list_namespaced_secret("default").items]
            deleted = custom.delete_namespaced_custom_object(*group, "iris")
            return [made["kind"], names, patched["metadata"]["labels"], secrets, deleted["status"]]

    result = await asyncio.to_thread(use)
    assert result == ["InferenceService", ["iris"], {"a": "b"}, ["s"], "Success"]
