"""The reference for gRPC: a proxy of grpc.aio's own parts, messages passed as the bytes they are.

`python bench/references/grpc_aio_proxy.py UPSTREAM (any|unary)` prints its port on the first line.
A proxy cannot tell a call's kind from its head, so `any` takes every call for a stream of both
directions; `unary` can pass unary calls only and is what grpc.aio needs at the least.
"""

import sys

import grpc
import uvloop

_HOP = ("user-agent", "te", "content-type")


def metadata_of(context):
    return [pair for pair in context.invocation_metadata() if pair[0] not in _HOP]


class Forward(grpc.GenericRpcHandler):
    """Every method is passed on under its own name."""

    def __init__(self, channel, kind: str) -> None:
        self._channel = channel
        self._kind = kind
        self._handlers = {}

    def service(self, details):
        handler = self._handlers.get(details.method)
        if handler is None:
            make = self._unary if self._kind == "unary" else self._any
            handler = self._handlers[details.method] = make(details.method)
        return handler

    def _unary(self, method: str):
        call = self._channel.unary_unary(method)

        async def handle(message, context):
            return await call(
                message, metadata=metadata_of(context), timeout=context.time_remaining()
            )

        return grpc.unary_unary_rpc_method_handler(handle)

    def _any(self, method: str):
        call = self._channel.stream_stream(method)

        async def handle(messages, context):
            metadata = metadata_of(context)
            async for answer in call(messages, metadata=metadata, timeout=context.time_remaining()):
                yield answer

        return grpc.stream_stream_rpc_method_handler(handle)


async def main() -> None:
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{sys.argv[1]}")
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Forward(channel, sys.argv[2]),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(main())
