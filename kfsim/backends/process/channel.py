"""Messages between daemon, supervisor and template: JSON lines over a Unix stream socket.

File descriptors (log pipes, bound sockets) travel beside the message that names their number in
`fds`; they arrive with or before its last byte, in order. The socket is non-blocking: a sender that
is ahead keeps the rest queued until `flush` is called on a writable socket.
"""

import array
import contextlib
import json
import os
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
_CHUNK = 64 * 1024
_FDS_PER_READ = 64


@dataclass(frozen=True, slots=True)
class Received:
    """One message with the descriptors that came with it; the receiver owns them."""

    message: Message
    fds: tuple[int, ...]


class ChannelClosed(Exception):
    """The other end is gone."""


class Channel:
    """One end of a connection."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._outgoing: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._incoming = b""
        self._arrived: deque[int] = deque()

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def has_unsent(self) -> bool:
        """Whether `flush` must be called once the socket is writable."""
        return bool(self._outgoing)

    def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Queue a message and send what the socket takes now; the descriptors are duplicated, so
        the caller keeps its own. Raises ChannelClosed."""
        copies = tuple(os.dup(fd) for fd in fds)
        line = json.dumps({**message, "fds": len(copies)} if copies else message)
        self._outgoing.append((line.encode() + b"\n", copies))
        self.flush()

    def flush(self) -> None:
        """Send as much as the socket takes. Raises ChannelClosed."""
        while self._outgoing:
            data, fds = self._outgoing[0]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            try:
                sent = self._socket.sendmsg([data], rights)
            except BlockingIOError:
                return
            except OSError as error:
                raise ChannelClosed from error
            for fd in fds:
                os.close(fd)
            if sent < len(data):
                self._outgoing[0] = (data[sent:], ())
            else:
                self._outgoing.popleft()

    def receive(self) -> list[Received]:
        """All messages that are complete by now. Raises ChannelClosed at the end of the stream."""
        received: list[Received] = []
        while True:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(
                    _CHUNK, socket.CMSG_SPACE(_FDS_PER_READ * 4)
                )
            except BlockingIOError:
                return received
            except OSError as error:
                raise ChannelClosed from error
            for level, kind, payload in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    whole = payload[: len(payload) - len(payload) % 4]
                    fds = array.array("i", whole)
                    for fd in fds:
                        os.set_inheritable(fd, False)
                    self._arrived.extend(fds)
            if not data:
                if received:
                    return received  # the end is reported by the next call
                raise ChannelClosed
            received += self._parse(data)
            if len(data) < _CHUNK:
                return received

    def _parse(self, data: bytes) -> list[Received]:
        *lines, self._incoming = (self._incoming + data).split(b"\n")
        parsed: list[Received] = []
        for line in lines:
            message: Message = json.loads(line)
            count = message.pop("fds", 0)
            parsed.append(Received(message, tuple(self._arrived.popleft() for _ in range(count))))
        return parsed

    def close(self) -> None:
        """Close the socket and every descriptor still on its way."""
        for _, fds in self._outgoing:
            for fd in fds:
                os.close(fd)
        self._outgoing.clear()
        while self._arrived:
            os.close(self._arrived.popleft())
        with contextlib.suppress(OSError):  # closing twice is fine
            self._socket.close()
