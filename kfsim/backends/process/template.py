"""The fork server: a process with the frameworks loaded, of which replicas are forked.

Plain and blocking on purpose: no asyncio, no prediction, one thread (OPENBLAS_NUM_THREADS=1 and
OMP_NUM_THREADS=1 while importing; checked before it reports ready), and everything imported is
frozen out of the collector, so that a fork is safe and its pages stay shared. Modules that only
some models need are imported later, when nobody has asked for a replica for a while.

A replica is forked twice: the process between ends at once, so that the replica becomes a child of
the supervisor (the subreaper), which then sees its exit and takes it along when it dies itself.
"""

import fcntl
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence

from kfsim.backends.process.channel import Channel, ChannelClosed, Message
from kfsim.backends.process.linux import die_with_parent, set_process_name, thread_count

REPLICA_NAME = "kfsim-model"
_IDLE_SECONDS = 3.0
_HIGH_FD = 1000  # below the usual limit of 1024
Entry = Callable[[Sequence[str]], int]


class Template:
    """Serves fork requests until the supervisor closes the channel."""

    def __init__(self, channel: Channel, entry: Entry, *, supervisor: int) -> None:
        self._channel = channel
        self._entry = entry
        self._supervisor = supervisor

    def serve(self, later: list[str]) -> None:
        """Fork on request; import one of `later` whenever idle."""
        while True:
            timeout = _IDLE_SECONDS if later else None
            if not select.select([self._channel], [], [], timeout)[0]:
                self._import_quietly(later.pop(0))
                continue
            for received in self._channel.receive():
                self._fork(received.message, received.fds)

    def _import_quietly(self, module: str) -> None:
        try:
            importlib.import_module(module)
        except ImportError:
            return  # optional: a model that needs it says so itself
        _freeze()
        if thread_count() != 1:
            # Forking with threads may deadlock: end, and let the supervisor start a fresh one.
            raise SystemExit(f"importing {module} started a thread; the template ends")

    def _fork(self, message: Message, fds: tuple[int, ...]) -> None:
        reading, writing = os.pipe()
        between = os.fork()
        if between == 0:
            middle = os.getpid()  # asked before the fork: later it may have ended already
            replica = os.fork()
            if replica == 0:
                os.close(reading)
                os.close(writing)
                self._become_replica(message, fds, middle)
            os.write(writing, str(replica).encode())
            os._exit(0)
        os.close(writing)
        pid = int(os.read(reading, 32) or b"0")
        os.close(reading)
        os.waitpid(between, 0)
        for fd in fds:
            os.close(fd)
        self._channel.send({"event": "forked", "id": message["id"], "pid": pid})

    def _become_replica(self, message: Message, fds: tuple[int, ...], between: int) -> None:
        code = 1
        try:
            self._enter_replica(message, fds, between)
            code = self._entry([str(each) for each in message["argv"]])
        except SystemExit as exit_request:
            code = exit_request.code if isinstance(exit_request.code, int) else 1
        except BaseException:  # noqa: BLE001  # the end of a process: say why and leave
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _enter_replica(self, message: Message, fds: tuple[int, ...], between: int) -> None:
        """Shed what is the template's: session, descriptors, environment, random state."""
        os.setsid()
        set_process_name(REPLICA_NAME)
        log, *rest = fds
        empty = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((empty, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.close(empty)
        os.close(log)
        self._channel.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(message["env"])
        os.chdir(message["cwd"])
        if rest:
            listening = _raised(rest[0])
            message["argv"] = [
                each.replace("{socket_fd}", str(listening)) for each in message["argv"]
            ]
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed()  # all replicas would draw the same numbers otherwise
        gc.enable()
        while os.getppid() == between:
            time.sleep(0.0001)
        die_with_parent(self._supervisor)


def _raised(fd: int) -> int:
    """The same file under a high number.

    Linux closes a killed process's files from the highest number down, and every closed connection
    wakes the gateway, which may overtake the rest. The listening socket must go first, or the
    gateway can still connect to a replica that is gone, and loses the request.
    """
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD, _HIGH_FD)
    except OSError:  # above the process's limit
        return fd
    os.close(fd)
    return high


def _freeze() -> None:
    gc.collect()
    gc.freeze()


def make_template_command(entry: str, now: Sequence[str], later: Sequence[str]) -> list[str]:
    """How the supervisor starts a template; it fills in `{fd}` and its own `{pid}`."""
    module = "kfsim.backends.process.template"
    options = ["{fd}", "{pid}", entry, ",".join(now), ",".join(later)]
    return [sys.executable, "-P", "-m", module, *options]


def main(given: Sequence[str]) -> int:
    """`template FD SUPERVISOR ENTRY NOW[,MODULE…] [LATER,MODULE…]`, started by the supervisor."""
    channel_fd, supervisor, entry_name, now, later = given
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_process_name("kfsim-template")
    gc.disable()
    channel = Channel(socket.socket(fileno=int(channel_fd)))
    for module in filter(None, now.split(",")):
        importlib.import_module(module)
    module_name, _, function = entry_name.partition(":")
    entry: Entry = getattr(importlib.import_module(module_name), function)
    _freeze()
    threads = thread_count()
    if threads != 1:
        sys.stderr.write(f"the template has {threads} threads after importing; forking is unsafe\n")
        return 1
    channel.send({"event": "ready"})
    try:
        Template(channel, entry, supervisor=int(supervisor)).serve(
            later.split(",") if later else []
        )
    except ChannelClosed:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
