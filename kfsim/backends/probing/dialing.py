"""Connections of probes, with failures in the words of Go's net package, which kubelet shows."""

import asyncio
import errno
import os
import ssl

from kfsim.replicas.addresses import Address

_WORDS = {
    errno.ECONNREFUSED: "connect: connection refused",
    errno.ECONNRESET: "connect: connection reset by peer",
    errno.EHOSTUNREACH: "connect: no route to host",
    errno.ENETUNREACH: "connect: network is unreachable",
}


async def dial(
    address: Address, *, tls: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect. Raises OSError."""
    return await asyncio.open_connection(address.host, address.port, ssl=tls)


def describe_dialing(address: Address, error: OSError) -> str:
    """What Go says of a connection that could not be made."""
    return f"dial tcp {address}: {describe_error(error)}"


def describe_error(error: Exception) -> str:
    """The shortest true words for an error of a socket."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return _WORDS.get(error.errno) or os.strerror(error.errno).lower()
    return str(error) or type(error).__name__
