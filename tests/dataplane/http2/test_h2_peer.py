"""A client on the h2 library, which shares no code with the gateway."""

import asyncio

import h2.config
import h2.connection
import h2.events

from tests.dataplane.worlds import HOST, Replica, running


async def exchange(world, requests):
    """Send all at once; bodies by stream, and statuses."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    bodies, statuses = {}, {}
    for method, path, body in requests:
        stream = connection.get_next_available_stream_id()
        head = [(":method", method), (":path", path), (":scheme", "http"), (":authority", HOST)]
        connection.send_headers(stream, head, end_stream=not body)
        if body:
            for start in range(0, len(body), 16384):
                part, last = body[start : start + 16384], start + 16384 >= len(body)
                connection.send_data(stream, part, end_stream=last)
        bodies[stream] = None
        writer.write(connection.data_to_send())
    received = dict.fromkeys(bodies, b"")
    while None in bodies.values():
        for event in connection.receive_data(await reader.read(65536)):
            if isinstance(event, h2.events.ResponseReceived):
                statuses[event.stream_id] = dict(event.headers)[":status"]
            elif isinstance(event, h2.events.DataReceived):
                received[event.stream_id] += event.data
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                bodies[event.stream_id] = received[event.stream_id]
        writer.write(connection.data_to_send())
    connection.close_connection()
    writer.write(connection.data_to_send())
    writer.close()
    return list(statuses.values()), list(bodies.values())


async def test_many_requests_of_an_independent_client():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        requests = [("POST", f"/{n}", b"%d" % n * 500) for n in range(1, 20)]
        statuses, bodies = await exchange(world, [*requests, ("GET", "/last", b"")])
        assert statuses == ["200"] * 20
        expected = [f"POST /{n} ".encode() + b"%d" % n * 500 for n in range(1, 20)]
        assert bodies == [*expected, b"GET /last "]


async def test_one_large_body():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        statuses, bodies = await exchange(world, [("POST", "/x", b"y" * 60_000)])
        assert (statuses, len(bodies[0])) == (["200"], 60_000 + len("POST /x "))
