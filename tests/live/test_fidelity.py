"""`kfsim up` on manifests as they are on a cluster, and what it says of them."""

import json
import signal
from pathlib import Path
from typing import Any

from tests.live.tool import Kfsim
from tests.waiting import wait_until

PRODUCTION = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: fraud
  labels: {{team: risk}}
  annotations:
    sidecar.istio.io/inject: "true"
    autoscaling.knative.dev/target: "5"
spec:
  predictor:
    minReplicas: 1
    nodeSelector: {{cloud.google.com/gke-accelerator: nvidia-l4}}
    tolerations:
    - {{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}}
    affinity:
      nodeAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          nodeSelectorTerms:
          - matchExpressions: [{{key: zone, operator: In, values: [a]}}]
    securityContext: {{runAsNonRoot: true, runAsUser: 1000}}
    model:
      modelFormat: {{name: sklearn}}
      storageUri: {model}
      image: kserve/sklearnserver:v0.20.0
      resources:
        requests: {{cpu: "1", memory: 2Gi}}
        limits: {{cpu: "1", memory: 2Gi, nvidia.com/gpu: 1}}
"""
BROKEN = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: broken}
spec:
  predictor:
    containers:
    - {name: kserve-container, image: example.com/needs/docker:1}
"""
MISSPELT = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: misspelt}
spec:
  predicter: {}
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: models}
spec: {accessModes: [ReadOnlyMany], storageClassName: fast}
---
apiVersion: v1
kind: Service
metadata: {name: side-door}
spec: {selector: {app: fraud}, ports: [{port: 80}]}
"""


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in report["documents"]}


def test_production_manifests_come_up_and_say_what_differs(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.write("kfsim.yaml", "gpu: fake\n")
    kfsim.write("a-fraud.yaml", PRODUCTION.format(model=iris_model))
    kfsim.write("broken.yaml", BROKEN)
    kfsim.write("claim.yaml", CLAIM)
    kfsim.write("misspelt.yaml", MISSPELT)
    kfsim.service("plain", iris_model)
    file = kfsim.folder / "report.json"

    printed = kfsim.up("--runtime=process", f"--report={file}", check=False)

    assert kfsim.post("fraud")[0] == 200
    assert kfsim.post("plain")[0] == 200
    instead = "runs as a process instead of kserve/sklearnserver:v0.20.0"
    lines = printed.splitlines()
    start = lines.index(
        "manifests/a-fraud.yaml: 5 of 16 fields honoured, 2 substituted, 9 without effect "
        f"· {instead}"
    )
    gpu = "spec.predictor.model.resources.limits[nvidia.com/gpu]"
    assert lines[start + 1] == (
        f"  substituted: {gpu}: 1 → devices that are not there: gpu: fake in kfsim.yaml"
    )
    inject = "metadata.annotations[sidecar.istio.io/inject]"
    assert lines[start + 2] == (
        f"  without effect: {inject}: there is no Istio, and no sidecar is injected"
    )
    scheduling = "spec.predictor.affinity, .nodeSelector, .tolerations"
    assert f"  without effect: {scheduling}: there is one node and no scheduler" in lines
    assert f"manifests/plain.yaml: all 2 fields honoured · {instead}" in lines
    assert "manifests/misspelt.yaml: not applied" in lines
    assert any(line.startswith("Error: manifests/misspelt.yaml:") for line in lines)
    (broken,) = (line for line in lines if line.startswith("manifests/broken.yaml: "))
    assert broken.endswith(" · not ready")  # why was said once, where the services came up
    assert any(line.startswith("broken: ") and "NeedsDocker: " in line for line in lines)
    assert any(line.startswith("manifests/claim.yaml Service/side-door: not sim") for line in lines)

    report = json.loads(file.read_text())
    assert report["schema"] == "kfsim.dev/fidelity/v1"
    assert report["summary"] | {"fields": None} == {
        "documents": 6,
        "applied": 4,
        "notSimulated": 1,
        "refused": 1,
        "gone": 0,
        "notReady": 1,
        "unreadable": 0,
        "fields": None,
    }
    documents = by_name(report)
    fraud = documents["fraud"]
    assert fraud["ready"] is True
    assert "spec.predictor.minReplicas" in fraud["honoured"]
    assert {each["field"] for each in fraud["substituted"]} == {
        "spec.predictor.model.image",
        gpu,
    }
    assert "spec.predictor.securityContext" in {each["field"] for each in fraud["ignored"]}
    assert documents["plain"]["ignored"] == []
    assert documents["broken"]["ready"] is False
    assert documents["broken"]["reason"].startswith("NeedsDocker")
    assert [each["field"] for each in documents["models"]["substituted"]] == ["spec"]

    again = json.loads(kfsim.run("report", "manifests/plain.yaml", "-o", "json"))
    assert list(by_name(again)) == ["plain"]
    assert again["documents"][0]["honoured"] == documents["plain"]["honoured"]
    assert f"manifests/plain.yaml: all 2 fields honoured · {instead}" in kfsim.run("report")


def test_while_following_only_what_changed_is_told(kfsim: Kfsim, iris_model: Path) -> None:
    first = kfsim.service("first", iris_model)
    first.write_text(first.read_text().replace("serving.kserve.io", "serving.kubeflow.org"))
    kfsim.service("second", iris_model)
    file = kfsim.folder / "report.json"
    process = kfsim.start(
        "up", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", "--runtime=process", f"--report={file}"
    )
    assert process.stdout is not None
    told: list[str] = []
    for line in process.stdout:
        if "watching for changes" in line:
            break
        told.append(line)
    text = "".join(told)
    assert "manifests/first.yaml: all 2 fields honoured" in text
    assert "manifests/second.yaml: all 2 fields honoured" in text

    kfsim.service("second", iris_model, extra="    nodeSelector: {a: b}\n")
    told = []
    for line in process.stdout:
        told.append(line)
        if "there is one node" in line:
            break
    assert "manifests/second.yaml: 2 of 3 fields honoured, 1 without effect" in "".join(told)
    assert "manifests/first.yaml" not in "".join(told)

    def written() -> bool:
        return bool(by_name(json.loads(file.read_text()))["second"]["ignored"])

    wait_until(written, what="the report has the change")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_in_docker_what_a_container_can_do_is_honoured(
    kfsim: Kfsim, engine: str, sklearn_image: str, iris_model: Path
) -> None:
    kfsim.docker_host = engine
    text = PRODUCTION.format(model=iris_model).replace(", nvidia.com/gpu: 1", "")
    text = text.replace("kserve/sklearnserver:v0.20.0", sklearn_image)
    kfsim.write("fraud.yaml", text.replace('limits: {cpu: "1"', 'limits: {cpu: "4096"'))
    file = kfsim.folder / "report.json"
    kfsim.up("--runtime=docker", f"--report={file}")
    (fraud,) = json.loads(file.read_text())["documents"]
    assert [each["backend"] for each in fraud["runs"]] == ["docker"]
    model = "spec.predictor.model"
    assert {
        "spec.predictor.securityContext.runAsUser",
        f"{model}.image",
        f"{model}.resources.limits.memory",
        f"{model}.resources.requests.cpu",
    } <= set(fraud["honoured"])
    (clamped,) = fraud["substituted"]
    assert (clamped["field"], clamped["asked"]) == (f"{model}.resources.limits.cpu", "4096")
    assert int(clamped["given"]) < 4096
    assert {each["field"] for each in fraud["ignored"]} == {
        "metadata.annotations[sidecar.istio.io/inject]",
        "spec.predictor.affinity",
        "spec.predictor.nodeSelector",
        "spec.predictor.tolerations",
        f"{model}.resources.requests.memory",
    }
