"""tcpSocket probes: a port that accepts passes (kubelet's pkg/probe/tcp/tcp.go)."""

import asyncio

from kfsim.backends.probing.dialing import describe_dialing, dial
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import ProbeResult

# An engine's port forwarder accepts at once, then finds that the container refuses and closes;
# on one host that takes a few milliseconds.
_GRACE = 0.05


async def probe_tcp(address: Address, *, timeout: float, stays_open: bool) -> ProbeResult:
    """Connect within `timeout` seconds, and with `stays_open` see that the peer does not hang up
    within the grace of 50 ms."""
    try:
        async with asyncio.timeout(timeout):
            accepted = await _accepts(address, stays_open=stays_open)
    except TimeoutError:
        return ProbeResult(success=False, message=f"dial tcp {address}: i/o timeout")
    except OSError as error:
        return ProbeResult(success=False, message=describe_dialing(address, error))
    refused = "" if accepted else f"dial tcp {address}: connect: connection refused"
    return ProbeResult(success=accepted, message=refused)


async def _accepts(address: Address, *, stays_open: bool) -> bool:
    reader, writer = await dial(address)
    try:
        return not (stays_open and await _hangs_up(reader))
    finally:
        writer.close()


async def _hangs_up(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(_GRACE):
            return not await reader.read(1)  # a server that speaks first listens
    except TimeoutError:
        return False
    except OSError:  # reset: nobody listens behind the forwarder
        return True
