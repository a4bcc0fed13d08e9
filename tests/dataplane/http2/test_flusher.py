import asyncio

from kfsim.dataplane.http2.flusher import Flusher
from kfsim.dataplane.http2.outgoing import Outgoing


class Transport:
    def __init__(self):
        self.writes = []
        self.closing = False

    def write(self, data):
        self.writes.append(data)

    def is_closing(self):
        return self.closing


def connect(flusher):
    outgoing, transport = Outgoing(flusher), Transport()
    outgoing.attach(transport)
    return outgoing, transport


async def test_outside_of_any_read_it_is_the_loops_next_turn():
    outgoing, transport = connect(Flusher())
    outgoing.emit(b"a")
    outgoing.emit(b"b")
    assert transport.writes == []
    await asyncio.sleep(0)
    assert transport.writes == [b"ab"]


async def test_within_reads_it_is_the_outermost_ones_end():
    flusher = Flusher()
    (one, first), (other, second) = connect(flusher), connect(flusher)
    flusher.enter()
    one.emit(b"a")
    flusher.enter()
    other.emit(b"b")
    flusher.leave()
    assert (first.writes, second.writes) == ([], [])
    one.emit(b"c")
    flusher.leave()
    assert (first.writes, second.writes) == ([b"ac"], [b"b"])
    await asyncio.sleep(0)
    assert (first.writes, second.writes) == ([b"ac"], [b"b"])


async def test_a_transport_that_closes_gets_nothing_more():
    outgoing, transport = connect(Flusher())
    transport.closing = True
    outgoing.emit(b"a")
    outgoing.flush()
    assert transport.writes == []
