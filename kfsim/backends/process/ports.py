"""Loopback ports for replicas, without races.

A lease holds its port with a socket that is bound and never listens. It was bound exclusively, so
nobody else has the port, and allows address reuse afterwards, so the replica alone can bind it too:
either through a socket made here and inherited (`bound_socket`), or by itself if its server sets
SO_REUSEADDR, as nearly all do. For one that does not, `yield_port` gives the port up before the
start; the range lies below the kernel's ephemeral ports, so it is not taken by chance.
"""

import contextlib
import socket

from kfsim.base.entropy import Entropy
from kfsim.base.errors import Unavailable

HOST = "127.0.0.1"
FIRST_PORT = 20000
LAST_PORT = 31999


class PortLease:
    """One port, held until `release`."""

    def __init__(self, port: int, holder: socket.socket) -> None:
        self.port = port
        self._holder: socket.socket | None = holder

    def bound_socket(self) -> socket.socket:
        """A socket on this port, not yet listening. Raises OSError when somebody listens."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((HOST, self.port))
        except OSError:
            bound.close()
            raise
        return bound

    def yield_port(self) -> None:
        """Stop holding the port, for a server that needs it exclusively."""
        self.release()

    def release(self) -> None:
        if self._holder is not None:
            self._holder.close()
            self._holder = None


class PortPool:
    """Gives out leases."""

    def __init__(self, entropy: Entropy, *, first: int = FIRST_PORT, last: int = LAST_PORT) -> None:
        self._first = first
        self._count = last - first + 1
        self._next = entropy.below(self._count)

    def lease(self) -> PortLease:
        """A port that nobody else has. Raises Unavailable when the whole range is in use."""
        for _ in range(self._count):
            port = self._first + self._next
            self._next = (self._next + 1) % self._count
            holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            with contextlib.suppress(OSError):  # in use: try the next one
                holder.bind((HOST, port))
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                return PortLease(port, holder)
            holder.close()
        raise Unavailable(
            f"no free port between {self._first} and {self._first + self._count - 1} on {HOST}; "
            "stop what uses them"
        )
