"""Peers of the gateway that speak HTTP/2: a raw client, and a gRPC server as replica."""

import asyncio
from contextlib import asynccontextmanager

import grpc
import hpack

from kfsim.base.types import AppProtocol, Endpoint, ReplicaKey
from kfsim.dataplane.http2 import frames
from tests.dataplane.worlds import HOST

REQUEST = (
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b":path", b"/v1"),
    (b":authority", HOST.encode()),
)


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    def __repr__(self):
        return f"Frame(kind={self.kind}, flags={self.flags}, stream={self.stream})"

    @property
    def ends(self):
        return self.kind in (frames.DATA, frames.HEADERS) and bool(self.flags & frames.END_STREAM)

    @property
    def code(self):
        """The error code of RST_STREAM or GOAWAY."""
        start = 4 if self.kind == frames.GOAWAY else 0
        return int.from_bytes(self.payload[start : start + 4])


class RawClient:
    """Says exactly what it is told to; hears frames."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()

    def say(self, *data):
        self.writer.write(b"".join(data))

    def greet(self, *settings):
        self.say(frames.PREFACE, frames.make_settings(settings))

    def ask(self, stream, fields=REQUEST, *, end=True):
        block = self.encoder.encode(fields)
        self.say(frames.make_headers(stream, block, end=end))

    async def hear(self):
        """The next frame; None at the end."""
        try:
            head = await self.reader.readexactly(frames.HEADER_SIZE)
            payload = await self.reader.readexactly(int.from_bytes(head[:3]))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return Frame(head[3], head[4], int.from_bytes(head[5:9]), payload)

    async def hear_of(self, *kinds, stream=None):
        """The next frame of these kinds; those before it are passed over."""
        while (frame := await self.hear()) is not None:
            if frame.kind in kinds and stream in (None, frame.stream):
                return frame
        return None

    async def response(self, stream):
        """Status, fields, body, trailers; or the frame that breaks the stream or all off."""
        fields, body, trailers = None, b"", None
        while (frame := await self.hear()) is not None:
            if frame.kind == frames.GOAWAY or (
                frame.kind == frames.RST_STREAM and frame.stream == stream
            ):
                return frame
            if frame.kind == frames.HEADERS:
                decoded = dict(self.decoder.decode(frame.payload, raw=True))
                if frame.stream != stream:
                    continue
                if fields is None:
                    fields = decoded
                else:
                    trailers = decoded
            elif frame.kind == frames.DATA and frame.stream == stream:
                body += frame.payload
            if frame.ends and frame.stream == stream:
                return fields, body, trailers
        return None

    def close(self):
        self.writer.close()


async def connect_raw(world):
    return RawClient(*await asyncio.open_connection("127.0.0.1", world.port))


class Calls(grpc.GenericRpcHandler):
    """Answers by the method's last part."""

    def __init__(self):
        self.gate = asyncio.Event()
        self.begun = 0
        self.cancelled = 0
        self.metadata = {}

    def service(self, details):
        self.metadata = dict(details.invocation_metadata)
        kind, behave = {
            "Echo": (grpc.unary_unary_rpc_method_handler, self.echo),
            "Fail": (grpc.unary_unary_rpc_method_handler, self.fail),
            "Wait": (grpc.unary_unary_rpc_method_handler, self.wait),
            "Repeat": (grpc.unary_stream_rpc_method_handler, self.repeat),
            "Count": (grpc.stream_unary_rpc_method_handler, self.count),
            "Mirror": (grpc.stream_stream_rpc_method_handler, self.mirror),
        }[details.method.rpartition("/")[2]]
        return kind(behave)

    async def echo(self, request, context):
        await context.send_initial_metadata((("early", "1"),))
        context.set_trailing_metadata((("late", "2"),))
        return request

    async def fail(self, request, context):
        await context.abort(grpc.StatusCode.NOT_FOUND, "nichts für Sie")

    async def wait(self, request, context):
        self.begun += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return request

    async def repeat(self, request, context):
        for times in range(1, 6):
            yield request * times

    async def count(self, requests, context):
        return b"%d" % sum([len(request) async for request in requests])

    async def mirror(self, requests, context):
        async for request in requests:
            yield request


class GrpcReplica:
    """A real gRPC server; `endpoint` is where the gateway reaches it."""

    def __init__(self, number=1):
        self.key = ReplicaKey("default", f"pod-{number}")
        self.calls = Calls()
        self.endpoint = Endpoint(self.key, "127.0.0.1", 1, AppProtocol.H2C)

    async def start(self):
        self._server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
        self._server.add_generic_rpc_handlers((self.calls,))
        port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        self.endpoint = Endpoint(self.key, "127.0.0.1", port, AppProtocol.H2C)

    async def stop(self):
        await self._server.stop(0)


@asynccontextmanager
async def channel_to(world, host=HOST):
    options = [
        ("grpc.default_authority", host),
        ("grpc.max_receive_message_length", -1),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{world.port}", options=options) as channel:
        yield channel
