"""The limits of kfsim.yaml in a real daemon, and what /metrics says of them."""

import http.client
import socket
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.live.test_metrics import page, values
from tests.live.tool import Kfsim
from tests.waiting import wait_until

CONFIG = """\
limits:
  connections: CONNECTIONS
  headers: 10
  headBytes: 4096
  totalBufferedBytes: 1048576
"""
# It is at zero, and whoever wakes it waits in vain.
NEVER = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: config-autoscaler, namespace: knative-serving}}
data: {{allow-zero-initial-scale: "true"}}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: never
  annotations: {{kfsim.dev/runtime: process}}
spec:
  predictor:
    minReplicas: 0
    timeout: 3
    annotations: {{autoscaling.knative.dev/initial-scale: "0"}}
    containers:
    - name: kserve-container
      image: example.com/never:1
      command: [{sys.executable}, -c, "import time; time.sleep(600)"]
"""


def connect(kfsim: Kfsim) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(kfsim.daemon["gateway"], timeout=30)


def ask(connection: http.client.HTTPConnection, headers: dict[str, str] | None = None) -> int:
    connection.request("GET", "/", headers=headers or {})
    response = connection.getresponse()
    response.read()
    return response.status


def refused(kfsim: Kfsim) -> dict[str, int]:
    found = values(page(kfsim), "kfsim_gateway_refused_total", "reason")
    return {reason: count for (reason,), count in found.items()}


def test_what_is_too_much_is_refused_and_told(kfsim: Kfsim) -> None:
    kfsim.write("kfsim.yaml", CONFIG.replace("CONNECTIONS", "3"))
    kfsim.up()
    kept = [connect(kfsim) for _ in range(2)]
    assert [ask(each) for each in kept] == [404, 404]
    many = connect(kfsim)
    assert ask(many, {f"X-{number}": "1" for number in range(20)}) == 431
    wait_until(
        lambda: values(page(kfsim), "kfsim_gateway_connections_open")[()] == 2,
        what="the one with many headers is closed",
    )
    large = connect(kfsim)
    assert ask(large, {"X-Large": "x" * 5000}) == 431
    wait_until(
        lambda: values(page(kfsim), "kfsim_gateway_connections_open")[()] == 2,
        what="the one with a large head is closed",
    )
    kept.append(connect(kfsim))
    assert ask(kept[-1]) == 404
    late = connect(kfsim)
    assert ask(late) == 503
    assert refused(kfsim) == {"header_count": 1, "head_size": 1, "connections": 1}
    kept.pop().close()
    wait_until(
        lambda: values(page(kfsim), "kfsim_gateway_connections_open")[()] == 2,
        what="there is room again",
    )
    again = connect(kfsim)
    assert ask(again) == 404
    for each in (*kept, many, large, late, again):
        each.close()


def test_bodies_that_wait_are_bounded_together(kfsim: Kfsim) -> None:
    kfsim.write("kfsim.yaml", CONFIG.replace("CONNECTIONS", "30"))
    kfsim.write("never.yaml", NEVER)
    kfsim.up()
    host, _, port = kfsim.daemon["gateway"].rpartition(":")
    body = b"x" * 150_000
    head = (
        f"POST /serving/default/never/ HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    def post(_: int) -> int:
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(head.encode() + body)
            response = http.client.HTTPResponse(connection)
            response.begin()
            response.read()
            return response.status

    def held() -> int:
        return values(page(kfsim), "kfsim_gateway_buffered_bytes")[()]

    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(post, number) for number in range(20)]
        wait_until(
            lambda: refused(kfsim).get("buffered_bytes", 0) > 0, what="too much is held together"
        )
        assert 0 < held() <= 2**20
        saw = Counter(answer.result() for answer in answers)
    assert set(saw) == {503, 504}  # refused at once, or held until the revision's timeout
    assert refused(kfsim) == {"buffered_bytes": saw[503]}
    assert held() == 0
