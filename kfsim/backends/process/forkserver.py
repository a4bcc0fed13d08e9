"""The supervisor's side of the template: starts it, forwards fork requests, starts it again.

Requests that come while the template still imports wait in its socket. When it dies, what was asked
of it and not answered is reported as failed, and it is started again once it had been ready; a
template that never gets ready is given up, and replicas are then spawned as fresh interpreters.
"""

import os
import selectors
import socket
from collections.abc import Mapping, Sequence
from typing import Protocol

from kfsim.backends.process.channel import Channel, ChannelClosed, Message
from kfsim.backends.process.children import kill_named, spawn
from kfsim.backends.process.template import REPLICA_NAME


class ForkListener(Protocol):
    """Who hears of forks."""

    def forked(self, identity: str, pid: int) -> None: ...

    def fork_failed(self, identity: str, message: str) -> None: ...

    def running(self) -> list[int]: ...

    def template_state(self, *, ready: bool, message: str) -> None: ...


class ForkServer:
    """One template process at a time."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        selector: selectors.BaseSelector,
        listener: ForkListener,
    ) -> None:
        self._argv = argv
        self._env = env
        self._selector = selector
        self._listener = listener
        self._channel: Channel | None = None
        self._pid: int | None = None
        self._ready = False
        self._pending: dict[str, None] = {}

    @property
    def usable(self) -> bool:
        """Whether forks may be asked for."""
        return self._channel is not None

    @property
    def has_pending(self) -> bool:
        """Whether a fork was asked for whose pid is not known yet."""
        return bool(self._pending)

    def owns(self, pid: int) -> bool:
        return pid == self._pid

    def start(self) -> None:
        """Start a template; without success `usable` stays false."""
        ours, theirs = socket.socketpair()
        fd = theirs.fileno()
        argv = [
            each.replace("{fd}", str(fd)).replace("{pid}", str(os.getpid())) for each in self._argv
        ]
        self._ready = False
        try:
            self._pid = spawn(argv, env=self._env, cwd="/", output=2, inherited=(fd,))
        except OSError as error:
            ours.close()
            self._listener.template_state(ready=False, message=f"cannot start: {error}")
            return
        finally:
            theirs.close()
        self._channel = Channel(ours)
        self._selector.register(self._channel.fileno(), selectors.EVENT_READ, self._read)

    def fork(self, message: Message, fds: Sequence[int]) -> None:
        """Ask for a replica; the descriptors stay the caller's."""
        identity: str = message["id"]
        assert self._channel is not None
        self._pending[identity] = None
        try:
            self._channel.send({key: message[key] for key in ("id", "argv", "env", "cwd")}, fds)
        except ChannelClosed:
            pass  # the template just died: its exit, soon reaped, fails what is pending

    def template_died(self, status: int) -> None:
        """Fail what was asked for, and start again if it had worked before."""
        if self._channel is not None:
            self._read()
        self._drop_channel()
        self._pid = None
        kill_named(REPLICA_NAME, spared=self._listener.running())
        pending, self._pending = list(self._pending), {}
        code = os.waitstatus_to_exitcode(status)
        for identity in pending:
            self._listener.fork_failed(
                identity, f"the template process ended with {code} while the replica was started"
            )
        if self._ready:
            self.start()
        else:
            self._listener.template_state(
                ready=False, message=f"ended with {code} while importing; see supervisor.log"
            )

    def _read(self) -> None:
        assert self._channel is not None
        try:
            for received in self._channel.receive():
                self._on_message(received.message)
            if self._channel.has_unsent:
                self._channel.flush()
        except ChannelClosed:
            self._drop_channel()

    def _on_message(self, message: Message) -> None:
        if message["event"] == "ready":
            self._ready = True
            self._listener.template_state(ready=True, message="")
        else:
            identity: str = message["id"]
            self._pending.pop(identity, None)
            self._listener.forked(identity, message["pid"])

    def _drop_channel(self) -> None:
        if self._channel is not None:
            self._selector.unregister(self._channel.fileno())
            self._channel.close()
            self._channel = None
