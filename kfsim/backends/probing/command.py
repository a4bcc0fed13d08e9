"""exec probes: a command that ends with 0 passes (kubelet's pkg/probe/exec/exec.go)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from kfsim.replicas.backend import ProbeResult

# The output is the message; it ends up in an Event, whose text is short.
_MOST_OUTPUT = 1024


async def probe_command(
    command: Sequence[str],
    *,
    run: Callable[[Sequence[str]], Awaitable[tuple[int, bytes]]],
    timeout: float,
) -> ProbeResult:
    """Run the command for at most `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            code, output = await run(command)
    except TimeoutError:
        return ProbeResult(
            success=False, message=f'command timed out: "{" ".join(command)}" after {timeout:g}s'
        )
    if code == 0:
        return ProbeResult(success=True)
    text = output[-_MOST_OUTPUT:].decode(errors="replace").strip()
    return ProbeResult(success=False, message=text or f"command ended with exit code {code}")
