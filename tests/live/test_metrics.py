"""/metrics of a real daemon: what clients counted, what promtool says, what Prometheus reads."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.tool import Kfsim
from tests.waiting import wait_until

REQUESTS = "http_server_request_duration_seconds"
REVISION = "iris-predictor-00001"
OWN = f"""\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: own
  annotations: {{kfsim.dev/runtime: process}}
spec:
  predictor:
    minReplicas: 1
    maxReplicas: 1
    containerConcurrency: 1
    timeout: 2
    annotations: {{autoscaling.knative.dev/target-burst-capacity: "0"}}
    containers:
    - name: kserve-container
      image: example.com/own:1
      command: [{sys.executable}, -c]
      args:
      - |
        import http.server, os, time
        class Own(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_GET(self):
                if self.path == "/slow":
                    time.sleep(600)
                self.send_response(404 if self.path == "/lost" else 200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                if self.path == "/break":
                    self.close_connection = True
                else:
                    self.wfile.write(b"hello")
        port = int(os.environ["PORT"])
        http.server.ThreadingHTTPServer(("127.0.0.1", port), Own).serve_forever()
"""


def find_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        text = f"{name} is not installed (Debian's package prometheus)"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    return found


def page(kfsim: Kfsim) -> str:
    with urllib.request.urlopen(f"http://{kfsim.daemon['api']}/metrics") as response:
        return str(response.read().decode())


def values(text: str, name: str, *labels: str) -> Counter[tuple[str, ...]]:
    """A metric's samples by the values of these labels."""
    found: Counter[tuple[str, ...]] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                found[tuple(sample.labels[label] for label in labels)] += int(sample.value)
    return +found


def by_status(text: str) -> dict[int, float]:
    """Requests by status code."""
    return {
        int(sample.labels["http_response_status_code"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"{REQUESTS}_count"
    }


def ask_a_lot(kfsim: Kfsim) -> Counter[int]:
    """Good and bad requests, at once; what their clients saw."""
    bodies = [None, None, b"no JSON"] * 20
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(
            lambda raw: kfsim.post("iris") if raw is None else kfsim.post("iris", raw=raw), bodies
        )
    return Counter(status for status, _, _ in answers)


def test_what_clients_counted_is_what_the_page_says(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model, extra="    minReplicas: 1\n")
    kfsim.up()
    assert REVISION in page(kfsim)
    assert by_status(page(kfsim)) == {}
    seen = ask_a_lot(kfsim)
    assert seen[200] == 40
    assert len(seen) == 2
    assert by_status(page(kfsim)) == seen
    assert kfsim.post("nothing")[0] == 404  # reached no revision
    assert by_status(page(kfsim)) == seen
    (pods,) = [
        sample
        for family in text_string_to_metric_families(page(kfsim))
        for sample in family.samples
        if sample.name == "kn_revision_pods_actual"
    ]
    assert pods.value == 1
    assert pods.labels == {
        "k8s_namespace_name": "default",
        "kn_service_name": "iris-predictor",
        "kn_configuration_name": "iris-predictor",
        "kn_revision_name": REVISION,
    }


class Asker:
    """Asks a service, and counts what it saw."""

    def __init__(self, gateway: str) -> None:
        self.gateway = gateway
        self.saw: Counter[str] = Counter()

    def get(self, path: str, service: str = "own") -> None:
        url = f"http://{self.gateway}/serving/default/{service}{path}"
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                status = response.status
                self.saw["broken" if len(response.read()) < 5 else str(status)] += 1
        except urllib.error.HTTPError as error:
            with error:
                error.read()  # who leaves before the end is lost
                self.saw[str(error.code)] += 1
        except http.client.IncompleteRead:
            self.saw["broken"] += 1

    def get_all(self, count: int, path: str, *, at_once: int = 8, service: str = "own") -> None:
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda _: self.get(path, service), range(count)))

    def send(self, text: str) -> socket.socket:
        host, _, port = self.gateway.rpartition(":")
        connection = socket.create_connection((host, int(port)), timeout=60)
        connection.sendall(text.encode())
        return connection


def test_every_end_of_a_request_is_counted_as_its_client_saw_it(kfsim: Kfsim) -> None:
    kfsim.write("own.yaml", OWN)
    kfsim.up()
    asker = Asker(kfsim.daemon["gateway"])

    def ends() -> Counter[tuple[str, ...]]:
        labels = ("outcome", "http_response_status_code")
        return values(page(kfsim), "kfsim_gateway_requests_total", *labels)

    def open_now() -> int:
        return values(page(kfsim), "kfsim_gateway_requests_open")[()]

    before = ends()
    asker.get_all(40, "/")
    asker.get_all(3, "/lost")
    asker.get_all(5, "/", service="nobody")
    asker.get_all(2, "/break")
    # One runs and ten are queued, until the timeout; for more there is no room.
    with ThreadPoolExecutor(11) as pool:
        slow = [pool.submit(asker.get, "/slow") for _ in range(11)]
        wait_until(lambda: open_now() == 11, what="the queue is full")
        assert values(page(kfsim), "kn_serving_queue_depth", "kn_service_name") == {
            ("own-predictor",): 11
        }
        asker.get_all(4, "/")
        for each in slow:
            each.result()
    for _ in range(2):
        with asker.send("nonsense\r\n\r\n") as connection:
            assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    request = "GET /serving/default/own/slow HTTP/1.1\r\nHost: x\r\n\r\n"
    leaving = [asker.send(request) for _ in range(3)]
    wait_until(lambda: open_now() == 3, what="three are on their way")
    for connection in leaving:
        connection.close()
    wait_until(lambda: open_now() == 0, what="three have left")

    assert asker.saw == {"200": 40, "404": 8, "broken": 2, "503": 4, "504": 11}
    assert ends() - before == {
        ("proxied", "200"): 40,
        ("proxied", "404"): 3,
        ("answered", "404"): 5,
        ("broken", "200"): 2,
        ("answered", "503"): 4,
        ("answered", "504"): 11,
        ("unreadable", "400"): 2,
        ("client_lost", ""): 3,
    }
    # Of the revision, as its queue-proxy tells it: what reached it, by what the client was told.
    assert by_status(page(kfsim)) == {200: 42, 404: 3, 503: 4, 504: 11}
    assert values(page(kfsim), "kfsim_gateway_refused_total", "reason") == {}


def test_promtool_finds_nothing_and_prometheus_reads_the_page(
    kfsim: Kfsim, iris_model: Path, tmp_path: Path
) -> None:
    promtool, prometheus = find_program("promtool"), find_program("prometheus")
    kfsim.service("iris", iris_model, extra="    minReplicas: 1\n")
    kfsim.up()
    seen = ask_a_lot(kfsim)
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=page(kfsim),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: kfsim\n"
        f"  static_configs: [{{targets: ['{kfsim.daemon['api']}']}}]\n"
    )
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{chosen.getsockname()[1]}"
    words = [
        f"--config.file={config}",
        f"--web.listen-address={address}",
        f"--storage.tsdb.path={tmp_path / 'series'}",
    ]
    with (tmp_path / "prometheus.log").open("w") as log:
        running = subprocess.Popen([prometheus, *words], stdout=log, stderr=log)
    try:
        wanted = [
            ({"http_response_status_code": str(status)}, str(count))
            for status, count in sorted(seen.items())
        ]
        query = f"sum by (http_response_status_code) ({REQUESTS}_count)"
        wait_until(lambda: ask(address, query) == wanted, what=query, timeout=30.0)
        assert ask(address, "kn_revision_pods_requested == 1")
    finally:
        running.terminate()
        running.wait(timeout=20)


def ask(address: str, query: str) -> list[tuple[dict[str, str], str]]:
    """Labels and value of each result, sorted; nothing while Prometheus is not there yet."""
    url = f"http://{address}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            found: list[dict[str, Any]] = json.loads(response.read())["data"]["result"]
    except OSError:
        return []
    return sorted(((each["metric"], each["value"][1]) for each in found), key=str)
