"""The main job: manifests in, predictions out, to zero and back."""

import json
import signal
import threading
from pathlib import Path

import pytest

from tests.live.tool import IMPATIENT, Kfsim
from tests.waiting import wait_until


def test_a_model_is_served_by_both_protocols(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    printed = kfsim.up()
    assert "inferenceservice.serving.kserve.io/iris created" in printed
    assert "iris: runtime kserve-sklearnserver" in printed
    status, answer, headers = kfsim.post("iris")
    assert (status, answer) == (200, {"predictions": [1, 1]})
    assert headers["kfsim-revision"] == "iris-predictor-00001"
    tensor = {
        "inputs": [
            {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [[6.8, 2.8, 4.8, 1.4]]}
        ]
    }
    status, answer, _ = kfsim.post("iris", tensor, path="/v2/models/iris/infer")
    assert status == 200
    assert answer["outputs"][0]["data"] == [1]


def test_the_columns_and_the_objects_are_a_clusters(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    header, row = kfsim.run("get", "isvc").splitlines()
    assert header.split() == [
        "NAME",
        "URL",
        "READY",
        "PREV",
        "LATEST",
        "PREVROLLEDOUTREVISION",
        "LATESTREADYREVISION",
        "AGE",
    ]
    port = kfsim.daemon["gateway"].rpartition(":")[2]
    assert row.split()[:5] == [
        "iris",
        f"http://iris.default.localhost:{port}",
        "True",
        "100",
        "iris-predictor-00001",
    ]
    isvc = kfsim.object("isvc", "iris")
    assert isvc["status"]["observedGeneration"] == isvc["metadata"]["generation"]
    assert isvc["status"]["modelStatus"]["states"]["activeModelState"] == "Loaded"
    assert isvc["status"]["address"]["url"] == "http://iris.default.svc.cluster.local"
    for kind, name in [
        ("ksvc", "iris-predictor"),
        ("configuration", "iris-predictor"),
        ("route", "iris-predictor"),
        ("revision", "iris-predictor-00001"),
        ("kpa", "iris-predictor-00001"),
        ("sks", "iris-predictor-00001"),
    ]:
        conditions = kfsim.object(kind, name)["status"]["conditions"]
        ready = next(each for each in conditions if each["type"] == "Ready")
        assert ready["status"] == "True", (kind, conditions)
    assert "2/2" in kfsim.run("get", "pods")
    assert "Running" in kfsim.run("get", "pods")
    assert "kserve-sklearnserver" in kfsim.run("get", "clusterservingruntimes")


def test_an_idle_service_goes_to_zero_and_the_next_request_wakes_it(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.write("config.yaml", IMPATIENT)
    kfsim.service("iris", iris_model, extra="    minReplicas: 0\n")
    kfsim.up()
    assert kfsim.post("iris")[0] == 200
    wait_until(lambda: not kfsim.objects("pods"), timeout=60, what="no pod is left")
    assert not kfsim.replica_pids()
    isvc = kfsim.object("isvc", "iris")
    ready = next(each for each in isvc["status"]["conditions"] if each["type"] == "Ready")
    assert ready["status"] == "True"
    status, answer, headers = kfsim.post("iris")
    assert (status, answer) == (200, {"predictions": [1, 1]})
    assert headers["kfsim-start"] == "cold"


def test_load_scales_out_and_idleness_scales_in(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.write("config.yaml", IMPATIENT)
    kfsim.service(
        "iris",
        iris_model,
        extra="    minReplicas: 1\n    maxReplicas: 3\n    containerConcurrency: 1\n",
    )
    kfsim.up()
    stop = threading.Event()
    failures: list[object] = []

    def ask() -> None:
        while not stop.is_set():
            status, answer, _ = kfsim.post("iris")
            if status != 200:
                failures.append((status, answer))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(kfsim.objects("pods")) >= 2, timeout=40, what="two pods")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    wait_until(lambda: len(kfsim.objects("pods")) == 1, timeout=60, what="one pod again")


def test_a_changed_spec_makes_a_second_revision_and_a_canary_splits(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    second = "    canaryTrafficPercent: 30\n    timeout: 100\n"
    kfsim.service("iris", iris_model, extra=second)
    kfsim.up()
    row = kfsim.run("get", "isvc", "iris", "--no-headers").split()
    assert row[2:7] == ["True", "70", "30", "iris-predictor-00001", "iris-predictor-00002"]
    seen = [kfsim.post("iris")[2]["kfsim-revision"] for _ in range(200)]
    assert 30 <= seen.count("iris-predictor-00002") <= 95
    kfsim.service("iris", iris_model, extra="    timeout: 100\n")
    kfsim.up()

    def promoted() -> bool:
        traffic = kfsim.object("ksvc", "iris-predictor")["status"]["traffic"]
        return [each["percent"] for each in traffic] == [100]

    wait_until(promoted, what="all traffic on the second revision")
    assert {kfsim.post("iris")[2]["kfsim-revision"] for _ in range(20)} == {"iris-predictor-00002"}


def test_the_old_group_and_framework_blocks_are_the_same_service(
    kfsim: Kfsim, iris_model: Path
) -> None:
    text = (
        "apiVersion: serving.kubeflow.org/v1beta1\nkind: InferenceService\n"
        "metadata:\n  name: old\nspec:\n  predictor:\n    sklearn:\n"
        f"      storageUri: file://{iris_model}\n"
    )
    kfsim.write("old.yaml", text)
    kfsim.up()
    assert kfsim.post("old")[1] == {"predictions": [1, 1]}
    assert kfsim.object("isvc", "old")["spec"]["predictor"]["model"]["modelFormat"] == {
        "name": "sklearn"
    }


def test_a_custom_container_runs_by_its_command(kfsim: Kfsim) -> None:
    server = (
        "import http.server, os\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_POST(self):\n"
        "        self.rfile.read(int(self.headers['content-length']))\n"
        '        body = b\'{"predictions": ["custom"]}\'\n'
        "        self.send_response(200)\n"
        "        self.send_header('content-length', str(len(body)))\n"
        "        self.end_headers()\n"
        "        self.wfile.write(body)\n"
        "    do_GET = lambda self: self.send_error(404)\n"
        "    log_message = lambda self, *a: None\n"
        "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"
    )
    document = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "custom"},
        "spec": {
            "predictor": {
                "containers": [
                    {
                        "name": "kserve-container",
                        "image": "example/custom",
                        "command": ["python3", "-c", server],
                    }
                ]
            }
        },
    }
    kfsim.write("custom.json", json.dumps(document))
    kfsim.up()
    assert kfsim.post("custom")[1] == {"predictions": ["custom"]}


def test_the_foreground_shows_a_prediction_follows_changes_and_ends_cleanly(
    kfsim: Kfsim, iris_model: Path
) -> None:
    (kfsim.folder / "input.json").write_text('{"instances": [[6.8, 2.8, 4.8, 1.4]]}')
    example = "  annotations:\n    kfsim.dev/example: ../input.json\n"
    kfsim.service("iris", iris_model, head=example)
    process = kfsim.start("up", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0")
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "watching for changes" in line:
            break
    printed = "".join(lines)
    assert '{"predictions":[1]}' in printed
    assert "curl http://iris.default.localhost:" in printed
    kfsim.service("second", iris_model)
    for line in process.stdout:
        if "inferenceservice.serving.kserve.io/second created" in line:
            break
    (kfsim.manifests / "second.yaml").unlink()
    for line in process.stdout:
        if "inferenceservice.serving.kserve.io/second pruned" in line:
            break
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert rest.rstrip().endswith("stopped")
    assert not kfsim.replica_pids()


@pytest.mark.parametrize("command", ["describe", "logs", "events", "why"])
def test_commands_that_explain_answer_for_a_served_model(
    kfsim: Kfsim, iris_model: Path, command: str
) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    words = {
        "describe": ["isvc", "iris"],
        "logs": ["iris"],
        "events": [],
        "why": ["iris"],
    }[command]
    printed = kfsim.run(command, *words)
    expected = {
        "describe": "InferenceServiceReady",
        "logs": "model.joblib",
        "events": "InferenceServiceReady",
        "why": "kserve-sklearnserver",
    }[command]
    assert expected in printed
