"""`--strict`: what a cluster would do where this host lacks what manifests name."""

from pathlib import Path

from tests.live.tool import INPUT, Kfsim
from tests.waiting import wait_until

POD = """\
apiVersion: v1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}}}
"""


def strict(kfsim: Kfsim, *words: str, check: bool = False) -> str:
    return kfsim.up("--strict", "--runtime=process", "--timeout=6s", *words, check=check)


def test_a_namespace_must_be_there(kfsim: Kfsim, iris_model: Path) -> None:
    path = kfsim.service("iris", iris_model, head="  namespace: team\n")
    assert 'namespaces "team" not found' in strict(kfsim)
    assert kfsim.attempt("get", "isvc", "iris", "-n", "team").returncode == 1
    kfsim.run("apply", "-f", "-", stdin="apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n")
    kfsim.run("apply", "-f", str(path))
    kfsim.run("wait", "isvc/iris", "-n", "team", "--for=condition=Ready", "--timeout=60s")


def test_a_service_account_must_be_there(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model, extra="    serviceAccountName: robot\n")
    text = 'error looking up service account default/robot: serviceaccount "robot" not found'
    strict(kfsim)
    assert text in kfsim.run("why", "iris")
    assert text in kfsim.run("events")
    robot = POD.format(kind="ServiceAccount", name="robot", namespace="default")
    kfsim.run("apply", "-f", "-", stdin=robot)
    wait_until(
        lambda: kfsim.post("iris", INPUT)[0] == 200,
        timeout=60,
        what="the service answers once its account is there",
    )


def asking(kfsim: Kfsim, name: str, model: Path, cpu: str, *, extra: str = "") -> None:
    path = kfsim.service(name, model, extra=extra)
    resources = f"{{requests: {{cpu: {cpu}, memory: 64Mi}}, limits: {{cpu: {cpu}, memory: 64Mi}}}}"
    path.write_text(path.read_text() + f"      resources: {resources}\n")


def test_what_the_host_does_not_have_is_pending(kfsim: Kfsim, iris_model: Path) -> None:
    asking(kfsim, "big", iris_model, "4000")
    asking(kfsim, "picky", iris_model, "10m", extra="    nodeSelector: {disk: ssd}\n")
    asking(kfsim, "fine", iris_model, "10m", extra="    nodeSelector: {kubernetes.io/os: linux}\n")
    output = strict(kfsim)
    assert kfsim.post("fine", INPUT)[1] == {"predictions": [1, 1]}
    assert "0/1 nodes are available: 1 Insufficient cpu." in kfsim.run("why", "big")
    unmatched = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    assert unmatched in kfsim.run("why", "picky")
    assert unmatched in output


def test_without_it_the_same_manifests_are_served(kfsim: Kfsim, iris_model: Path) -> None:
    extra = "    serviceAccountName: robot\n    nodeSelector: {disk: ssd}\n"
    path = kfsim.service("iris", iris_model, extra=extra, head="  namespace: team\n")
    path.write_text(path.read_text() + "      resources: {requests: {cpu: '4000'}}\n")
    kfsim.up("--runtime=process")
    kfsim.run("wait", "isvc/iris", "-n", "team", "--for=condition=Ready", "--timeout=60s")


def test_the_projects_own_maps_still_apply_and_standard_mode_does_not(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.write("kfsim.yaml", f"strict: true\nruntime: process\nuris: {{gs://b: {iris_model}}}\n")
    kfsim.service("iris", "gs://b")
    mode = "  annotations: {serving.kserve.io/deploymentMode: Standard}\n"
    kfsim.service("standard", "gs://b", head=mode)
    kfsim.up("--timeout=6s", check=False)
    assert kfsim.post("iris", INPUT)[1] == {"predictions": [1, 1]}
    assert "deployment mode Standard is not simulated" in kfsim.run("why", "standard")
