"""The cheapest possible gRPC replica: answers every call with the same message and status 0.

HTTP/2 with prior knowledge, from the frame headers alone: a call ends with END_STREAM, and the
answer's header blocks are constants that use no dynamic table, so nothing is decoded. Prints two
ports on its first line: the server's, and one that tells on connection how many calls have ended,
so that a load generator's count, which sees no grpc-status, can be checked.
"""

import asyncio

import uvloop

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, ACK = 0x4, 0x1
_DATA, _HEADERS, _PING, _WINDOW_UPDATE = 0x0, 0x1, 0x6, 0x8
_END_STREAM, _END_HEADERS = 0x1, 0x4
_WINDOW = 0x7FFFFFFF
MESSAGE = b"\0\0\0\0\x08\x0a\x06answer"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """RFC 7541 6.2.2, without indexing and without Huffman; both shorter than 127 bytes."""
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value


_HEAD = b"\x88" + literal(b"content-type", b"application/grpc")  # 0x88: :status 200
_TRAILERS = literal(b"grpc-status", b"0")
# MAX_CONCURRENT_STREAMS (3) and INITIAL_WINDOW_SIZE (4).
_HELLO = frame(
    SETTINGS, 0, 0, b"\0\x03" + (1000).to_bytes(4) + b"\0\x04" + _WINDOW.to_bytes(4)
) + frame(_WINDOW_UPDATE, 0, 0, (_WINDOW - 65535).to_bytes(4))


class Counter(asyncio.Protocol):
    """Tells the number of ended calls, and closes."""

    ended = 0

    def connection_made(self, transport):
        transport.write(b"%d\n" % Counter.ended)
        transport.close()


class Connection(asyncio.Protocol):
    """The windows are opened once, widely: a connection that sends 2 GB stalls."""

    def connection_made(self, transport):
        self._transport = transport
        self._rest = b""
        self._skip = len(PREFACE)
        transport.write(_HELLO)

    def data_received(self, data):
        data = self._rest + data
        at, answers = self._skip, []
        while len(data) >= at + 9 and len(data) >= (
            end := at + 9 + int.from_bytes(data[at : at + 3])
        ):
            self._take(data[at + 3], data[at + 4], data[at + 5 : end], answers)
            at, self._skip = end, 0
        self._rest = data[at:] if not self._skip else data
        if answers:
            self._transport.write(b"".join(answers))

    def _take(self, kind, flags, rest, answers):
        """`rest`: the stream's four bytes and the payload."""
        if kind in (_DATA, _HEADERS):
            if flags & _END_STREAM:
                Counter.ended += 1
                answers.append(make_answer(int.from_bytes(rest[:4])))
        elif kind == SETTINGS and not flags & ACK:
            answers.append(frame(SETTINGS, ACK, 0, b""))
        elif kind == _PING and not flags & ACK:
            answers.append(frame(_PING, ACK, 0, rest[4:]))


def make_answer(stream: int) -> bytes:
    return (
        frame(_HEADERS, _END_HEADERS, stream, _HEAD)
        + frame(_DATA, 0, stream, MESSAGE)
        + frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, _TRAILERS)
    )


async def main() -> None:
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(kind, "127.0.0.1", 0) for kind in (Connection, Counter)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
