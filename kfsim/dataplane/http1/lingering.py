"""Closing on a client that may still be sending.

Closed at once, its next bytes would meet a reset, and a reset takes away what it has not read yet:
the very answer that says why (RFC 9112 section 9.6). So the sending side is ended first, and what
comes for a moment longer is read and dropped. As Go's net/http server does (rstAvoidanceDelay).
"""

import asyncio
from typing import Final

_SECONDS: Final = 0.5


def close_lingering(transport: asyncio.Transport) -> None:
    """End sending, go on reading, and close a moment later, or when the client has closed."""
    if transport.is_closing():
        return
    transport.write_eof()
    asyncio.get_running_loop().call_later(_SECONDS, transport.close)
