"""Clients of HTTP/1.0, with and without keep-alive."""

import pytest

from tests.dataplane.worlds import HOST, Replica, answer_ok, running


def make_request(target: str = "/", *, keep: bool, host: bool = True, body: bytes = b"") -> bytes:
    lines = [f"{'POST' if body else 'GET'} {target} HTTP/1.0"]
    lines += [f"Host: {HOST}"] if host else []
    lines += ["Connection: keep-alive"] if keep else []
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


async def test_without_keep_alive_the_connection_ends():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(make_request(keep=False, body=b"old"))
        reply = await client.reply()
        assert (reply.text, reply.headers["connection"]) == ("POST / old", "close")
        assert await client.reader.read() == b""
        client.close()


async def test_with_keep_alive_it_stays_and_says_so():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for number in range(3):
            client.writer.write(make_request(f"/{number}", keep=True))
            reply = await client.reply()
            assert (reply.text, reply.headers["connection"]) == (f"GET /{number} ", "keep-alive")
        client.writer.write(make_request(keep=False))
        assert (await client.reply()).headers["connection"] == "close"
        client.close()
        assert "connection" not in replica.received[0].headers
        assert replica.received[0].request_line.endswith("HTTP/1.1")


async def test_pipelined_ones_are_answered_in_order():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(make_request("/1", keep=True) + make_request("/2", keep=False))
        assert [(await client.reply()).text for _ in range(2)] == ["GET /1 ", "GET /2 "]
        assert await client.reader.read() == b""
        client.close()


@pytest.mark.parametrize("keep", [True, False])
async def test_a_body_of_unknown_length_ends_with_the_connection(keep):
    async def answer(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(make_request(keep=keep))
        reply = await client.reply()
        assert (reply.text, reply.headers["connection"]) == ("ok", "close")
        client.close()


async def test_without_a_host_the_path_form_leads_to_the_service():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(make_request("/serving/default/iris/x", keep=False, host=False))
        assert (await client.reply()).text == "GET /x "
        client.close()


async def test_an_expectation_is_not_passed_on():
    replica = Replica(1, answer_ok)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(
            make_request(keep=False, body=b"x").replace(b"\r\n", b"\r\nExpect: 100-continue\r\n", 1)
        )
        assert (await client.reply()).text == "POST / x"
        assert "expect" not in replica.received[0].headers
        client.close()
