"""The daemon's side of the supervisor: talks to it, notices its loss, ends it.

When the supervisor is killed, its children die with it by the kernel's hand; the process groups it
had reported are killed here too, because grandchildren would survive that.
"""

import asyncio
import logging
import signal
import subprocess
from collections.abc import Callable, Sequence
from typing import Protocol

from kfsim.backends.process.channel import Channel, ChannelClosed, Message
from kfsim.backends.process.children import signal_group
from kfsim.backends.process.launch import Launch
from kfsim.backends.process.linux import start_ticks

_logger = logging.getLogger(__name__)
_END_SECONDS = 10


class SupervisionListener(Protocol):
    """Who hears of processes. All calls come on the loop."""

    def on_started(self, identity: str, pid: int) -> None: ...

    def on_failed(self, identity: str, message: str) -> None: ...

    def on_exited(self, identity: str, *, code: int, number: int | None, tail: str) -> None: ...

    def on_template(self, *, ready: bool, message: str) -> None: ...

    def on_lost(self, status: int | None) -> None:
        """The supervisor ended unasked; every process is gone or being killed."""
        ...


class Supervision:
    """One supervisor process."""

    def __init__(self, launch: Launch, *, listener: SupervisionListener) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._process: subprocess.Popen[bytes] | None = launch.process
        self._channel: Channel | None = launch.channel
        self._groups: dict[str, tuple[int, int | None]] = {}
        self._closing = False
        self._handlers: dict[str, Callable[[Message], None]] = {
            "supervising": lambda _message: None,
            "started": self._on_started,
            "failed": self._on_failed,
            "exited": self._on_exited,
            "template": lambda message: self._listener.on_template(
                ready=message["ready"], message=message["message"]
            ),
        }
        self._loop.add_reader(launch.channel.fileno(), self._read)

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send a request. A supervisor that is gone is reported by `on_lost`, not here."""
        if self._channel is None:
            return
        try:
            self._channel.send(message, fds)
        except ChannelClosed:
            return  # the reader sees the end of the stream and tells
        if self._channel.has_unsent:
            self._loop.add_writer(self._channel.fileno(), self._write)

    def _write(self) -> None:
        assert self._channel is not None
        try:
            self._channel.flush()
        except ChannelClosed:
            self._loop.remove_writer(self._channel.fileno())
            return
        if not self._channel.has_unsent:
            self._loop.remove_writer(self._channel.fileno())

    def _read(self) -> None:
        assert self._channel is not None
        try:
            for received in self._channel.receive():
                self._handlers[received.message["event"]](received.message)
        except ChannelClosed:
            self._disconnect()
            if not self._closing:
                self._lost()

    def _on_started(self, message: Message) -> None:
        pid = message["pid"]
        self._groups[message["id"]] = (pid, start_ticks(pid))
        self._listener.on_started(message["id"], pid)

    def _on_failed(self, message: Message) -> None:
        self._listener.on_failed(message["id"], message["message"])

    def _on_exited(self, message: Message) -> None:
        self._groups.pop(message["id"], None)
        self._listener.on_exited(
            message["id"], code=message["code"], number=message["signal"], tail=message["tail"]
        )

    def _disconnect(self) -> None:
        if self._channel is not None:
            self._loop.remove_reader(self._channel.fileno())
            self._loop.remove_writer(self._channel.fileno())
            self._channel.close()
            self._channel = None

    def _lost(self) -> None:
        for pid, ticks in self._groups.values():
            # Where the leader is gone already, its group may live on; a number that was given to
            # another process meanwhile shows by its start time.
            if start_ticks(pid) in (ticks, None):
                signal_group(pid, signal.SIGKILL)
        self._groups.clear()
        assert self._process is not None
        status = self._process.poll()
        _logger.error("the supervisor (pid %s) ended with %s", self._process.pid, status)
        self._listener.on_lost(status)

    async def close(self) -> None:
        """Break the channel and wait until the supervisor has killed what is left and ended."""
        self._closing = True
        self._disconnect()
        process, self._process = self._process, None
        if process is None:
            return
        try:
            await asyncio.to_thread(process.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            _logger.error("the supervisor (pid %s) did not end; killing it", process.pid)
            process.kill()
            await asyncio.to_thread(process.wait)
