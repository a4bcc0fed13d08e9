"""What makes a figure of gRPC trustworthy: real calls first, and h2load's words read right."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from bench.proxies.grpc_load import find_fault, parse
from bench.proxies.processes import free_port
from kfsim.dataplane.http2.errors import ErrorCode
from kfsim.dataplane.http2.frames import make_goaway, make_settings

_SAID = """
finished in 2.00s, 340036.00 req/s, 28.21MB/s
requests: 680072 total, 680104 started, 680072 done, 680072 succeeded, {failed} failed, 0 errored, 0 timeout
                     min         max         mean         sd        +/- sd
time for request:       29us      5.63ms        {mean}        61us    95.73%
"""  # noqa: E501, as h2load prints it


@pytest.mark.parametrize(("mean", "expected"), [("84us", 0.084), ("1.04ms", 1.04), ("2.5s", 2500)])
def test_calls_and_their_mean_are_read(mean, expected):
    assert parse(_SAID.format(failed=0, mean=mean)) == (680072, pytest.approx(expected))


def test_failed_calls_are_no_figure():
    with pytest.raises(RuntimeError, match="3 failed"):
        parse(_SAID.format(failed=3, mean="84us"))


def test_output_without_counts_is_told():
    with pytest.raises(RuntimeError, match="could not connect"):
        parse("could not connect")


@pytest.fixture
def answering():
    """Start a server that answers one connection's first bytes with these, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def start(data: bytes) -> int:
            def serve() -> None:
                peer, _ = listening.accept()
                with peer:
                    peer.recv(1000)
                    peer.sendall(data)

            threading.Thread(target=serve).start()
            return listening.getsockname()[1]

        yield start


def test_refused_http2_is_named_with_its_reason(answering):
    refusal = make_goaway(0, ErrorCode.HTTP_1_1_REQUIRED, "speaks HTTP/1.1 only")
    fault = find_fault(answering(make_settings(()) + refusal))
    assert fault is not None
    assert "GOAWAY with error 13" in fault
    assert "HTTP/1.1 only" in fault


def test_connection_that_closes_is_named(answering):
    fault = find_fault(answering(b""))
    assert fault == "the connection closed during HTTP/2's handshake"


def test_port_where_nobody_listens_is_named():
    assert "Connection refused" in (find_fault(free_port()) or "")


def test_failed_call_is_named_though_http2_works():
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        fault = find_fault(port)
    finally:
        server.stop(None).wait()
    assert fault is not None
    assert "UNIMPLEMENTED" in fault
