"""The process that owns all replicas of one daemon.

It is small, has one thread and no asyncio, and does nothing but: spawn and fork on request, pump
logs, stop process groups with a grace period, reap, and report. When its channel to the daemon
breaks, however that happened, it kills every descendant and ends; as their subreaper it also gets
those whose parents died before. When it is killed itself, its children get SIGKILL from the kernel
(parent-death signal) and the daemon kills the process groups it was told of.

Requests: template, spawn, stop. Reports: template, started, failed, exited (each with its id, in
the order in which things happened to that id).
"""

import contextlib
import os
import select
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence

from kfsim.backends.process.channel import Channel, ChannelClosed, Message, Received
from kfsim.backends.process.children import (
    Child,
    kill_escaped,
    open_child,
    signal_group,
    spawn,
)
from kfsim.backends.process.forkserver import ForkServer
from kfsim.backends.process.linux import become_subreaper, descendants, set_process_name

_LAST_SWEEPS = 500


class Supervisor:
    """Runs children until the daemon is gone."""

    def __init__(self, channel: Channel) -> None:
        self._daemon = channel
        self._selector = selectors.DefaultSelector()
        self._children: dict[str, Child] = {}
        self._by_pid: dict[int, Child] = {}
        self._unclaimed: dict[int, int] = {}
        self._fork_server: ForkServer | None = None
        self._stopping = False
        self._requests: dict[str, Callable[[Received], None]] = {
            "template": self._start_template,
            "spawn": self._spawn,
            "stop": self._stop,
        }

    def run(self) -> None:
        """Serve until the channel closes or SIGTERM arrives; leaves no descendant."""
        wakeup = self._watch_signals()
        self._selector.register(self._daemon.fileno(), selectors.EVENT_READ, self._read_daemon)
        self._selector.register(wakeup, selectors.EVENT_READ, lambda: _drain(wakeup))
        try:
            while not self._stopping:
                self._step()
        except ChannelClosed:
            pass  # the daemon is gone: its replicas go too
        finally:
            self._kill_everything()

    def _step(self) -> None:
        writing = self._daemon.has_unsent
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        self._selector.modify(self._daemon.fileno(), events, self._read_daemon)
        for key, _ in self._selector.select(self._timeout()):
            key.data()
        if self._daemon.has_unsent:
            self._daemon.flush()
        self._reap()
        self._enforce_deadlines()

    def _watch_signals(self) -> int:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: self._end())
        return reading

    def _end(self) -> None:
        self._stopping = True

    def _timeout(self) -> float | None:
        deadlines = [each.kill_at for each in self._by_pid.values() if each.kill_at is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    # Requests

    def _read_daemon(self) -> None:
        for received in self._daemon.receive():
            self._requests[received.message["op"]](received)

    def _start_template(self, received: Received) -> None:
        message = received.message
        self._fork_server = ForkServer(
            message["argv"], message["env"], selector=self._selector, listener=self
        )
        self._fork_server.start()

    def _spawn(self, received: Received) -> None:
        message = received.message
        try:
            child, output = open_child(message)
        except OSError as error:
            self._report_failed(message["id"], f"cannot write its log: {error}")
            _close(received.fds)
            return
        self._children[child.identity] = child
        self._selector.register(child.pipe, selectors.EVENT_READ, lambda: self._pump(child))
        server = self._fork_server
        try:
            if message["fork"] and server is not None and server.usable:
                server.fork(message, (output, *received.fds))
            else:
                self._spawn_program(child, output, received.fds)
        finally:
            os.close(output)
            _close(received.fds)

    def _spawn_program(self, child: Child, output: int, inherited: Sequence[int]) -> None:
        message = child.message
        argv = [*message["program"], *message["argv"]]
        try:
            pid = spawn(
                argv, env=message["env"], cwd=message["cwd"], output=output, inherited=inherited
            )
        except OSError as error:
            self.fork_failed(child.identity, f"cannot run {argv[0]!r}: {error.strerror or error}")
            return
        self.forked(child.identity, pid)

    def _stop(self, received: Received) -> None:
        child = self._children.get(received.message["id"])
        if child is None:
            return
        grace = float(received.message["grace"])
        deadline = time.monotonic() + grace
        child.stop_grace = grace
        child.kill_at = deadline if child.kill_at is None else min(child.kill_at, deadline)
        child.signal(signal.SIGTERM)

    # What the fork server reports

    def forked(self, identity: str, pid: int) -> None:
        """A child has its process."""
        child = self._children[identity]
        child.pid = pid
        self._by_pid[pid] = child
        self._daemon.send({"event": "started", "id": identity, "pid": pid})
        if child.stop_grace is not None:
            child.signal(signal.SIGTERM)
        status = self._unclaimed.pop(pid, None)
        if self._fork_server is None or not self._fork_server.has_pending:
            self._unclaimed.clear()
        if status is not None:
            self._finish(child, status)

    def fork_failed(self, identity: str, message: str) -> None:
        """A child will never have a process."""
        child = self._children.pop(identity, None)
        if child is not None:
            self._forget(child)
            self._report_failed(identity, message)

    def running(self) -> list[int]:
        """The processes that are accounted for."""
        return list(self._by_pid)

    def template_state(self, *, ready: bool, message: str) -> None:
        """The template became ready or is given up."""
        self._daemon.send({"event": "template", "ready": ready, "message": message})

    # Children

    def _pump(self, child: Child) -> None:
        if not child.pump():
            self._selector.unregister(child.pipe)

    def _reap(self) -> None:
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None:
                return
            pid = found.si_pid
            child = self._by_pid.get(pid)
            if child is not None:
                # Before the pid is released: nobody else can own this group number yet.
                signal_group(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            if child is not None:
                self._finish(child, status)
            elif self._fork_server is not None and self._fork_server.owns(pid):
                self._fork_server.template_died(status)
            elif self._fork_server is not None and self._fork_server.has_pending:
                self._unclaimed[pid] = status

    def _finish(self, child: Child, status: int) -> None:
        assert child.pid is not None
        del self._by_pid[child.pid]
        del self._children[child.identity]
        kill_escaped(self.running(), child.marker)
        child.pump()
        code = os.waitstatus_to_exitcode(status)
        self._forget(child)
        self._daemon.send(
            {
                "event": "exited",
                "id": child.identity,
                "code": code if code >= 0 else 128 - code,
                "signal": -code if code < 0 else None,
                "tail": child.log.tail(),
            }
        )

    def _forget(self, child: Child) -> None:
        with contextlib.suppress(KeyError):  # unregistered at the end of its output
            self._selector.unregister(child.pipe)
        os.close(child.pipe)
        child.log.close()

    def _enforce_deadlines(self) -> None:
        now = time.monotonic()
        for child in self._by_pid.values():
            if child.kill_at is not None and child.kill_at <= now:
                child.kill_at = None
                child.signal(signal.SIGKILL)

    def _report_failed(self, identity: str, message: str) -> None:
        self._daemon.send({"event": "failed", "id": identity, "message": message})

    def _kill_everything(self) -> None:
        for pid in self._by_pid:
            signal_group(pid, signal.SIGKILL)
        for _ in range(_LAST_SWEEPS):
            for pid in descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            select.select([], [], [], 0.01)


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)


def _drain(fd: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(fd, 4096):
            pass


def main(given: Sequence[str]) -> int:
    """`supervisor FD`, started by the daemon."""
    set_process_name("kfsim-supervise")
    become_subreaper()
    os.umask(0o077)
    message: Message = {"event": "supervising", "pid": os.getpid()}
    channel = Channel(socket.socket(fileno=int(given[0])))
    channel.send(message)
    Supervisor(channel).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
