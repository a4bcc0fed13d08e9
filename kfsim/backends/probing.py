"""One probe attempt against a process replica: httpGet, tcpSocket or exec.

Messages are kubelet's (pkg/probe). A probe goes to the host port that the replica has for the
probe's containerPort, whatever host the probe names.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

from kfsim.api.core import HTTPGetAction, Probe
from kfsim.backends.process.ports import HOST
from kfsim.replicas.backend import ProbeResult

_MOST_BODY = 10 * 1024
ExecRunner = Callable[[Sequence[str]], Awaitable[tuple[int, bytes]]]


async def run_probe(
    probe: Probe, *, resolve_port: Callable[[int | str | None], int | None], run: ExecRunner
) -> ProbeResult:
    """Attempt the probe, bounded by its timeout."""
    timeout = probe.timeout_seconds or 1
    try:
        async with asyncio.timeout(timeout):
            return await _attempt(probe, resolve_port, run)
    except TimeoutError:
        return ProbeResult(success=False, message=f"timed out after {timeout}s")


async def _attempt(
    probe: Probe, resolve_port: Callable[[int | str | None], int | None], run: ExecRunner
) -> ProbeResult:
    if probe.http_get is not None:
        port = resolve_port(probe.http_get.port)
        return (
            _unknown_port(probe.http_get.port)
            if port is None
            else await _http(probe.http_get, port)
        )
    if probe.tcp_socket is not None:
        port = resolve_port(probe.tcp_socket.port)
        return _unknown_port(probe.tcp_socket.port) if port is None else await _tcp(port)
    if probe.exec is not None:
        code, output = await run(probe.exec.command)
        if code == 0:
            return ProbeResult(success=True)
        text = output[-1024:].decode(errors="replace").strip()
        return ProbeResult(success=False, message=text or f"command ended with exit code {code}")
    if probe.grpc is not None:
        return ProbeResult(
            success=False,
            message="grpc probes are not supported yet; use httpGet, tcpSocket or exec",
        )
    return ProbeResult(success=False, message="the probe names no action")


def _unknown_port(port: int | str | None) -> ProbeResult:
    return ProbeResult(
        success=False, message=f"the Pod has no containerPort {port!r}; declare it in ports"
    )


async def _tcp(port: int) -> ProbeResult:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError as error:
        return ProbeResult(success=False, message=f"dial tcp {HOST}:{port}: {_reason(error)}")
    writer.close()
    return ProbeResult(success=True)


async def _http(action: HTTPGetAction, port: int) -> ProbeResult:
    context = None
    if (action.scheme or "HTTP").upper() == "HTTPS":
        context = ssl.create_default_context()
        context.check_hostname = False  # kubelet does not verify either
        context.verify_mode = ssl.CERT_NONE
    path = action.path or "/"
    path = path if path.startswith("/") else "/" + path
    target = f"{'https' if context else 'http'}://{HOST}:{port}{path}"
    try:
        reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
        try:
            writer.write(_request_head(action, path, port))
            status = _status_code(await reader.readline())
            if status is not None and not 200 <= status < 400:
                body = await _body(reader)
                return ProbeResult(
                    success=False, message=f"HTTP probe failed with statuscode: {status}{body}"
                )
        finally:
            writer.close()
    except (OSError, ValueError) as error:
        return ProbeResult(success=False, message=f'Get "{target}": {_reason(error)}')
    if status is None:
        return ProbeResult(success=False, message=f'Get "{target}": the answer is not HTTP')
    return ProbeResult(success=True)


def _request_head(action: HTTPGetAction, path: str, port: int) -> bytes:
    headers = {"Host": action.host or f"{HOST}:{port}", "User-Agent": "kube-probe/1.32"}
    headers.update((each.name, each.value) for each in action.http_headers)
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1", "replace")


def _status_code(line: bytes) -> int | None:
    parts = line.split(b" ", 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        return None
    return int(parts[1])


async def _body(reader: asyncio.StreamReader) -> str:
    """The beginning of a failed probe's answer, where the server says what is wrong."""
    rest = await reader.read(_MOST_BODY)
    text = rest.partition(b"\r\n\r\n")[2].decode(errors="replace").strip()
    return f" {text[:300]}" if text else ""


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connect: connection refused"
    return str(error) or type(error).__name__
