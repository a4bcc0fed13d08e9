import asyncio

from kfsim.dataplane.http2.flusher import Flushable, Flusher


class Connection(Flushable):
    def __init__(self):
        self.flushes = 0

    def flush(self):
        self.flushes += 1


async def test_outside_of_any_read_it_is_the_loops_next_turn():
    flusher, connection = Flusher(), Connection()
    flusher.touch(connection)
    assert connection.flushes == 0
    await asyncio.sleep(0)
    assert connection.flushes == 1


async def test_within_reads_it_is_the_outermost_ones_end():
    flusher, one, other = Flusher(), Connection(), Connection()
    flusher.enter()
    flusher.touch(one)
    flusher.enter()
    flusher.touch(other)
    flusher.leave()
    assert (one.flushes, other.flushes) == (0, 0)
    flusher.leave()
    assert (one.flushes, other.flushes) == (1, 1)
    await asyncio.sleep(0)
    assert (one.flushes, other.flushes) == (1, 1)
