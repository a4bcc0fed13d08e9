"""The threads that take the engine's calls."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kfsim.backends.docker.calls import THREADS, Call, CallThreads
from tests.backends.support import PATIENCE


class Client:
    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.timeout = 0.0
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Connection:
    """Makes clients and remembers them; `problem` makes that fail."""

    def __init__(self, problem: str = "") -> None:
        self.clients: list[Client] = []
        self.problem = problem

    def make_client(self) -> Client:
        if self.problem:
            raise OSError(self.problem)
        self.clients.append(Client(self))
        return self.clients[-1]


@pytest.fixture
def threads() -> Iterator[CallThreads]:
    threads = CallThreads()
    yield threads
    threads.close()


def make_call(
    function: Callable[[Any], Any], connection: Connection, *, timeout: float = 1.0
) -> Call[Any]:
    return Call("ask", function, connection=connection, timeout=timeout, undo=None)  # type: ignore[arg-type]


async def ask(threads: CallThreads, call: Call[Any]) -> Any:
    threads.submit(call)
    return await asyncio.wait_for(call.future, PATIENCE)


async def test_a_thread_keeps_its_client_for_as_long_as_the_connection_is_the_same(
    threads: CallThreads,
) -> None:
    first, second = Connection(), Connection()
    clients = [
        await ask(threads, make_call(lambda client: client, connection, timeout=3.0))
        for connection in (first, first, second)
    ]
    assert clients[0] is clients[1]
    assert clients[0].closed
    assert clients[2].connection is second
    assert clients[2].timeout == 3.0


async def test_calls_run_side_by_side_in_eight_threads_at_most(threads: CallThreads) -> None:
    go, full, running, most = threading.Event(), asyncio.Event(), [0], [0]
    lock, loop = threading.Lock(), asyncio.get_running_loop()

    def hold(client: Client) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            if running[0] == THREADS:
                loop.call_soon_threadsafe(full.set)
        go.wait(PATIENCE)
        with lock:
            running[0] -= 1

    calls = [make_call(hold, Connection()) for _ in range(20)]
    for each in calls:
        threads.submit(each)
    async with asyncio.timeout(PATIENCE):
        await full.wait()
    go.set()
    await asyncio.wait_for(asyncio.gather(*(each.future for each in calls)), PATIENCE)
    assert most[0] == THREADS


async def test_a_client_that_cannot_be_made_fails_its_call_and_no_other(
    threads: CallThreads,
) -> None:
    with pytest.raises(OSError, match="no engine"):
        await ask(threads, make_call(lambda client: 1, Connection("no engine")))
    assert await ask(threads, make_call(lambda client: 2, Connection())) == 2


async def test_what_a_function_raises_reaches_who_asked(threads: CallThreads) -> None:
    def fail(client: Client) -> None:
        raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        await ask(threads, make_call(fail, Connection()))


async def test_a_call_that_is_abandoned_in_the_queue_is_never_made(threads: CallThreads) -> None:
    made: list[int] = []
    call = make_call(lambda client: made.append(1), Connection())
    assert call.abandon() is None
    threads.submit(call)
    for _ in range(THREADS):  # each thread has worked since
        await ask(threads, make_call(lambda client: None, Connection()))
    assert made == []
