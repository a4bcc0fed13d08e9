"""One measurement of gRPC: h2load on the other cores, and what it cost the proxy meanwhile.

h2load sees HTTP/2 only, where a failed gRPC call is a success, too. So `find_fault` makes a real
call first, and the upstream's own count of ended calls must reach h2load's.
"""

import os
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import grpc

from bench.grpc_upstream import ACK, MESSAGE, PREFACE, SETTINGS, frame
from bench.project import cpu_seconds
from bench.proxies.processes import Cores, Proxy, core_seconds, find_tool, tree
from bench.proxies.serve import HOST

CONNECTIONS, STREAMS = 4, 8  # a connection
_METHOD = "/inference.GRPCInferenceService/ModelInfer"
_REQUEST = b"\x0a\x04iris\x1a\x01\x31" + b"\x2a\x20" + b"x" * 32  # as big as a small tensor's
_GOAWAY = 0x7
_FRAME_HEAD = 5  # one byte of flags, four of length


@dataclass(frozen=True, slots=True)
class Upstream:
    """The replica's process, its port, and the port that tells how many calls have ended."""

    pid: int
    port: int
    counter: int

    def ended(self) -> int:
        address = ("127.0.0.1", self.counter)
        with socket.create_connection(address, timeout=5) as peer, peer.makefile() as told:
            return int(told.readline())


@dataclass(frozen=True, slots=True)
class Measurement:
    """`mean` in ms; the shares as in `http_load`."""

    rate: float
    cpu_us: float
    mean: float
    proxy_share: float
    noise_share: float
    upstream_share: float
    load_share: float


def find_fault(port: int) -> str | None:
    """Why a unary call through the port does not bring the answer; None where it does."""
    try:
        refusal = find_refusal(port)
    except OSError as error:  # reset, or nothing comes
        refusal = f"HTTP/2's handshake failed: {error}"
    if refusal is not None:
        return refusal
    options = (("grpc.default_authority", HOST),)
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        try:
            answer = channel.unary_unary(_METHOD)(_REQUEST, timeout=5)
        except grpc.RpcError as error:
            return f"a unary call ended with {error.code().name}: {error.details()}"
    if answer != MESSAGE[_FRAME_HEAD:]:
        return f"a unary call was answered {answer!r}"
    return None


def find_refusal(port: int) -> str | None:
    """How HTTP/2 itself is refused: asked apart, because grpcio connects again until its deadline
    and then does not say why."""
    address = ("127.0.0.1", port)
    with socket.create_connection(address, timeout=5) as peer, peer.makefile("rb") as received:
        peer.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))
        while head := received.read(9):
            payload, kind, flags = received.read(int.from_bytes(head[:3])), head[3], head[4]
            if kind == _GOAWAY:
                code, words = int.from_bytes(payload[4:8]), payload[8:].decode("latin-1")
                return f"HTTP/2 is refused, GOAWAY with error {code}: {words!r}"
            if kind == SETTINGS and flags & ACK:
                return None
    return "the connection closed during HTTP/2's handshake"


def measure(
    proxy: Proxy, *, upstream: Upstream, cores: Cores, folder: Path, seconds: int
) -> Measurement:
    """Call through the proxy for some seconds; RuntimeError where calls failed."""
    pids, upstream_pids, ended = tree(proxy.pid), tree(upstream.pid), upstream.ended()
    started, load_before = time.perf_counter(), os.times()
    used, served, core = cpu_seconds(pids), cpu_seconds(upstream_pids), core_seconds(cores.proxy)
    output = run_h2load(proxy, cores=cores, folder=folder, seconds=seconds)
    used, served = cpu_seconds(pids) - used, cpu_seconds(upstream_pids) - served
    core, load_after = core_seconds(cores.proxy) - core, os.times()
    passed = time.perf_counter() - started
    done, mean = parse(output)
    if upstream.ended() - ended < done:
        raise RuntimeError(f"{proxy.name}: {done} answers, not all from the upstream:\n{output}")
    return Measurement(
        rate=done / seconds,
        cpu_us=used / done * 1e6,
        mean=mean,
        proxy_share=used / passed,
        noise_share=max(0.0, core - used) / passed,
        upstream_share=served / passed,
        load_share=(sum(load_after[2:4]) - sum(load_before[2:4])) / passed,
    )


def run_h2load(proxy: Proxy, *, cores: Cores, folder: Path, seconds: int) -> str:
    h2load = find_tool("h2load")
    assert h2load is not None
    body = folder / "request.grpc"
    body.write_bytes(b"\0" + len(_REQUEST).to_bytes(4) + _REQUEST)
    return subprocess.run(
        ["taskset", "-c", cores.others, h2load, f"-c{CONNECTIONS}", f"-m{STREAMS}",
         f"-D{seconds}", "-d", str(body), "-H", "content-type: application/grpc",
         "-H", "te: trailers", f"--connect-to=127.0.0.1:{proxy.port}", f"http://{HOST}{_METHOD}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


_SCALE = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def parse(output: str) -> tuple[int, float]:
    """Succeeded calls and the mean in ms of what h2load printed; RuntimeError where some failed."""
    counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
    mean = re.search(r"time for request: +\S+ +\S+ +([\d.]+)(us|ms|s)", output)
    if counts is None or mean is None:
        raise RuntimeError(f"h2load said\n{output}")
    succeeded, *failed = map(int, counts.groups())
    if not succeeded or any(failed):
        raise RuntimeError(f"h2load said\n{output}")
    return succeeded, float(mean[1]) * _SCALE[mean[2]]
