"""Clients that ask a service without pause while something befalls it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.live.tool import Kfsim
from tests.waiting import wait_until


@contextmanager
def asking(kfsim: Kfsim, name: str, *, threads: int = 2) -> Iterator[list[int]]:
    """The statuses of their answers, which grow."""
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses.append(kfsim.post(name)[0])

    workers = [threading.Thread(target=ask) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        wait_until(lambda: len(statuses) > 10, what="some answers")
        yield statuses
    finally:
        stop.set()
        for worker in workers:
            worker.join()
