"""Binding the daemon's two addresses: loopback only, and defaulted ports may move."""

import ipaddress
import socket

from kfsim.base.errors import Forbidden, Unavailable
from kfsim.daemon.settings import parse_address

_PORTS_TRIED = 100
_BACKLOG = 1024


def bind_address(
    address: str, *, what: str, option: str, may_move: bool
) -> tuple[socket.socket, str | None]:
    """A listening socket, and a note when the port moved.

    Raises Forbidden for an address that is not loopback, Unavailable when it cannot be had.
    """
    host, wanted = parse_address(address, option=option)
    _require_loopback(host, what=what, option=option)
    tries = _PORTS_TRIED if may_move else 1
    problem: OSError | None = None
    for port in range(wanted, wanted + tries):
        try:
            bound = _bind(host, port)
        except OSError as error:
            problem = error
            continue
        moved = port != wanted and wanted != 0
        note = f"port {wanted} is in use; {what} listens on {port}" if moved else None
        return bound, note
    reason = problem.strerror if problem is not None else "no port"
    raise Unavailable(
        f"{what} cannot listen on {address}: {reason}; stop what uses it, or choose another "
        f"address with {option} HOST:PORT (port 0 takes any)"
    )


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


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(_BACKLOG)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def address_of(bound: socket.socket) -> str:
    """HOST:PORT of a listening socket."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
