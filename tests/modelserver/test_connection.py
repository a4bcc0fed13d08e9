"""HTTP/1.1 as the model server speaks it."""

import json
import signal
import socket
import subprocess
import threading
from pathlib import Path

import joblib
import pytest
from sklearn.neighbors import KNeighborsClassifier

from tests.modelserver.support import ask, read_reply, running_server, send

pytestmark = pytest.mark.live
BODY = json.dumps({"instances": [[6.8, 2.8, 4.8, 1.4]]}).encode()
PREDICT = b"POST /v1/models/iris:predict HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(PREDICT + b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n" + PREDICT)
        with connection.makefile("rb") as file:
            replies = [read_reply(file).json for _ in range(3)]
    assert replies == [{"predictions": [1]}, {"live": True}, {"predictions": [1]}]


def test_a_body_in_pieces_and_in_chunks_is_read_whole(port: int) -> None:
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (5, BODY[:5], len(BODY) - 5, BODY[5:])
    head = b"POST /v1/models/iris:predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for piece in (head[:20], head[20:], chunks[:9], chunks[9:]):
            connection.sendall(piece)
        with connection.makefile("rb") as file:
            assert read_reply(file).json == {"predictions": [1]}


def test_continue_is_sent_before_the_body(port: int) -> None:
    head = PREDICT.replace(b"host: x", b"host: x\r\nexpect: 100-continue")[: -len(BODY)]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head)
        with connection.makefile("rb") as file:
            assert read_reply(file).status == 100
            connection.sendall(BODY)
            assert read_reply(file).json == {"predictions": [1]}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"NONSENSE\r\n\r\n", id="no request"),
        pytest.param(b"GET / HTTP/1.1\r\nbad header\r\n\r\n", id="bad header"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
    ],
)
def test_malformed_requests_are_refused(port: int, raw: bytes) -> None:
    reply = send(port, raw)
    assert reply.status == 400
    assert reply.headers["connection"] == "close"


def test_connection_close_is_honoured(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        with connection.makefile("rb") as file:
            assert read_reply(file).headers["connection"] == "close"
            assert file.read() == b""


def test_health_is_answered_during_a_long_prediction_and_a_drain_waits_for_it(
    tmp_path: Path,
) -> None:
    """Brute-force neighbours of many points take long enough to see."""
    points = [[float(number), float(number % 7)] for number in range(40_000)]
    model = KNeighborsClassifier(n_neighbors=50, algorithm="brute")
    joblib.dump(model.fit(points, [number % 3 for number in range(40_000)]), tmp_path / "m.pkl")
    body = json.dumps({"instances": points[:12_000]}).encode()
    with running_server(tmp_path, name="slow") as (port, process):
        done: list[int] = []
        worker = threading.Thread(
            target=lambda: done.append(ask(port, "POST", "/v1/models/slow:predict", body).status)
        )
        worker.start()
        seen_meanwhile = 0
        while worker.is_alive() and seen_meanwhile < 3:
            assert ask(port, "GET", "/v2/health/live").status == 200
            seen_meanwhile += not done
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        worker.join()
    assert seen_meanwhile > 0
    assert done == [200]


def test_sigterm_ends_an_idle_server_at_once(server: "tuple[int, subprocess.Popen[bytes]]") -> None:
    port, process = server
    with socket.create_connection(("127.0.0.1", port)):
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
