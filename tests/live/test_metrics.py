"""/metrics of a real daemon: what clients counted, what promtool says, what Prometheus reads."""

import json
import os
import shutil
import socket
import subprocess
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
