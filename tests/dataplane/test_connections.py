from kfsim.dataplane.connections import OpenConnections


class Connection:
    def __init__(self, connections, *, stubborn=False):
        self.connections = connections
        self.stubborn = stubborn
        self.closed = []
        connections.add(self)

    def close_when_idle(self):
        if not self.stubborn:
            self.closed.append("idle")
            self.connections.remove(self)

    def close_now(self):
        self.closed.append("now")
        self.connections.remove(self)


async def test_connections_that_do_not_end_in_time_are_cut():
    connections = OpenConnections()
    polite, stubborn = Connection(connections), Connection(connections, stubborn=True)
    await connections.close(0.01)
    assert (polite.closed, stubborn.closed) == (["idle"], ["now"])
    assert len(connections) == 0
