"""The Python parts of the fleet, over real sockets."""

import os
import sys
import urllib.request
from pathlib import Path

import pytest

from bench.proxies.grpc_load import Upstream, find_fault
from bench.proxies.processes import Fleet, Proxy
from bench.proxies.serve import HOST

pytestmark = pytest.mark.live


@pytest.fixture
def fleet(tmp_path: Path):
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("cores can be chosen on Linux only")
    with Fleet(tmp_path) as fleet:
        yield fleet


def first_core() -> str:
    return str(min(os.sched_getaffinity(0)))


def start(fleet: Fleet, name: str, *words: str) -> Proxy:
    return fleet.start_python(name, first_core(), *words)


@pytest.mark.parametrize(
    "proxy",
    [
        pytest.param(("-m", "bench.proxies.serve"), id="gateway"),
        pytest.param(("bench/references/aiohttp_proxy.py",), id="aiohttp"),
    ],
)
@pytest.mark.parametrize("body", [None, b'{"instances": []}'], ids=["GET", "POST"])
def test_http_proxy_passes_the_upstreams_answer(fleet, proxy, body):
    upstream = start(fleet, "upstream", "-m", "bench.echo_upstream")
    port = start(fleet, "proxy", *proxy, str(upstream.port)).port
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/models/iris", data=body, headers={"Host": HOST}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert (answer.status, answer.read()) == (200, b"ok\n")


@pytest.mark.parametrize("kind", ["any", "unary"])
def test_grpc_reference_passes_calls_that_the_upstream_counts(fleet, kind):
    process, ports = fleet.start_and_ask(first_core(), sys.executable, "-m", "bench.grpc_upstream")
    upstream = Upstream(process.pid, *ports)
    proxy = start(fleet, kind, "bench/references/grpc_aio_proxy.py", str(upstream.port), kind)
    assert (find_fault(upstream.port), upstream.ended()) == (None, 1)
    assert (find_fault(proxy.port), upstream.ended()) == (None, 2)


def test_process_that_ends_is_told_with_its_last_words(fleet):
    with pytest.raises(RuntimeError, match=r"No module named bench\.nowhere"):
        start(fleet, "nothing", "-m", "bench.nowhere")
