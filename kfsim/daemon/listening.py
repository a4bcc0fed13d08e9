"""Opening the daemon's two addresses: loopback only, and defaulted ports may move."""

import errno
import ipaddress
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from kfsim.base.errors import Forbidden, Unavailable
from kfsim.daemon.port_holders import describe_holder
from kfsim.daemon.settings import parse_address

_PORTS_TRIED = 100
Serve = Callable[[str, int], Awaitable[int]]


class Listener(NamedTuple):
    """Where a server listens, and a note for the user when its port moved."""

    host: str
    port: int
    note: str | None

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def listen(serve: Serve, address: str, *, what: str, option: str, may_move: bool) -> Listener:
    """Let `serve(host, port)` listen on HOST:PORT, or on the next free port where it may move.

    Raises Forbidden for an address that is not loopback, Unavailable when it cannot be had.
    """
    host, wanted = parse_address(address, option=option)
    _require_loopback(host, what=what, option=option)
    problem: OSError | None = None
    for port in range(wanted, wanted + (_PORTS_TRIED if may_move else 1)):
        try:
            bound = await serve(host, port)
        except OSError as error:
            problem = error
            continue
        moved = wanted not in (0, bound)
        note = f"port {wanted} is in use{_by(wanted)}; {what} listens on {bound}" if moved else None
        return Listener(host, bound, note)
    reason = problem.strerror if problem is not None else "no port"
    if problem is not None and problem.errno == errno.EADDRINUSE:
        reason = f"{reason}{_by(wanted)}"
    raise Unavailable(
        f"{what} cannot listen on {address}: {reason}; stop what uses it, or choose another "
        f"address with {option} HOST:PORT (port 0 takes any)"
    )


def _by(port: int) -> str:
    holder = describe_holder(port)
    return f" by {holder}" if holder else ""


def _require_loopback(host: str, *, what: str, option: str) -> None:
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise Forbidden(
            f"{what} listens on loopback only, and {host} is not; use {option} 127.0.0.1:PORT"
        )
