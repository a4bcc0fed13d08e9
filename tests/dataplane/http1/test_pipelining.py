"""Requests that a client sends before it has the answers."""

import pytest

from tests.dataplane.worlds import HOST, Replica, running

ANSWERS = {
    "/head": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    "/none": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/same": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 9\r\n\r\n",
    "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    "/hints": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
}


async def answer_by_target(replica, request, writer):
    body = await request.body()
    length = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    writer.write(ANSWERS.get(request.target, length))


def make_requests() -> bytes:
    host = f"Host: {HOST}\r\n"
    return "".join(
        (
            f"HEAD /head HTTP/1.1\r\n{host}\r\n",
            f"POST /length HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nGET /",
            f"GET /none HTTP/1.1\r\n{host}\r\n",
            f"POST /body HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n",
            "3\r\none\r\n3;x=y\r\ntwo\r\n0\r\nX-Trailer: 1\r\n\r\n",
            f"GET /same HTTP/1.1\r\n{host}\r\n",
            "GET /lost HTTP/1.1\r\nHost: nobody.nowhere\r\n\r\n",
            f"GET /chunks HTTP/1.1\r\n{host}\r\n",
            f"GET /hints HTTP/1.1\r\n{host}\r\n",
            f"POST /last HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 3\r\n\r\nend",
        )
    ).encode()


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
async def test_each_is_answered_in_its_turn_however_they_are_cut(size):
    replica = Replica(1, answer_by_target)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        sent = make_requests()
        for start in range(0, len(sent), size):
            client.writer.write(sent[start : start + size])
            await client.writer.drain()
        client.expect("HEAD")
        replies = [await client.reply() for _ in range(7)]
        assert [reply.status for reply in replies] == [200, 200, 204, 200, 304, 404, 200]
        assert replies[0].headers["content-length"] == "1000"
        assert replies[4].headers["content-length"] == "9"
        bodies = [reply.body for reply in replies if reply.status == 200]
        assert bodies == [b"", b"GET /", b"onetwo", b"abc"]
        assert await client.head() == b"HTTP/1.1 103 Early Hints\r\n\r\n"
        assert (await client.reply()).text == "ok"
        last = await client.reply()
        assert (last.text, last.headers["connection"]) == ("end", "close")
        assert await client.reader.read() == b""
        client.close()
        # The next begins while the answer before is still being read to its end.
        assert replica.connections <= 2
        assert len(replica.received) == 8


async def test_what_follows_the_last_request_is_not_run():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/last", more="Connection: close\r\n")
        client.send("/behind")
        assert (await client.reply()).text == "GET /last "
        assert await client.reader.read() == b""
        client.close()
        assert len(replica.received) == 1


async def test_a_replica_that_closes_after_each_answer_is_connected_anew():
    async def answer_and_close(replica, request, writer):
        body = await request.body()
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )

    replica = Replica(1, answer_and_close)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for number in range(3):
            client.send("/", method="POST", body=b"%d" % number)
            reply = await client.reply()
            assert (reply.status, reply.text) == (200, str(number))
            assert "connection" not in reply.headers
        client.close()
        assert replica.connections == 3
