"""Which action a probe names, and where it goes.

A probe goes to the address that the replica has for the probe's containerPort, whatever `host` it
names: that host would be another one on this machine.
"""

from collections.abc import Awaitable, Callable, Sequence

from kfsim.api.core import Probe
from kfsim.backends.probing.command import probe_command
from kfsim.backends.probing.http import probe_http
from kfsim.backends.probing.tcp import probe_tcp
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import ProbeResult

Resolver = Callable[[int | str | None], Address | None]
"""The address of a containerPort, given by number or name; None names the serving port. None is
the answer for a port that the Pod does not declare."""
ExecRunner = Callable[[Sequence[str]], Awaitable[tuple[int, bytes]]]
"""Runs a command beside the container; cancelled when the attempt's time is over."""


async def run_probe(
    probe: Probe, *, resolve: Resolver, run: ExecRunner, stays_open: bool = False
) -> ProbeResult:
    """Attempt the probe once, bounded by its timeoutSeconds; name lookups count.

    `stays_open` is for ports that something else accepts on before the container listens, as the
    engine does for a published port: a tcpSocket probe then passes only when the connection is
    still open a moment later.
    """
    timeout = float(probe.timeout_seconds or 1)
    if probe.exec is not None:
        return await probe_command(probe.exec.command, run=run, timeout=timeout)
    if probe.http_get is not None:
        address = resolve(probe.http_get.port)
        if address is None:
            return _unknown_port(probe.http_get.port)
        return await probe_http(probe.http_get, address, resolve=resolve, timeout=timeout)
    if probe.tcp_socket is not None:
        address = resolve(probe.tcp_socket.port)
        if address is None:
            return _unknown_port(probe.tcp_socket.port)
        return await probe_tcp(address, timeout=timeout, stays_open=stays_open)
    if probe.grpc is not None:
        address = resolve(probe.grpc.port)
        if address is None:
            return _unknown_port(probe.grpc.port)
        from kfsim.backends.probing.grpc import probe_grpc  # late: h2 takes a megabyte

        return await probe_grpc(address, service=probe.grpc.service or "", timeout=timeout)
    return ProbeResult(success=False, message="the probe names no action")


def _unknown_port(port: int | str | None) -> ProbeResult:
    return ProbeResult(
        success=False, message=f"the Pod has no containerPort {port!r}; declare it in ports"
    )
