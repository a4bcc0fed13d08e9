"""grpc probes against the health server of grpcio, and against servers that go wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import h2.config
import h2.connection
import h2.events
import pytest
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer, add_HealthServicer_to_server

from kfsim.replicas.addresses import Address
from tests.backends.probing.servers import (
    HOST,
    Handler,
    answering,
    attempt,
    nobody,
    serving,
    silent,
)


def _grpc(service: str | None = None, timeout: int = 5) -> dict[str, object]:
    action = {"port": 9000} | ({} if service is None else {"service": service})
    return {"grpc": action, "timeoutSeconds": timeout}


@asynccontextmanager
async def health_server(servicer: HealthServicer | None) -> AsyncIterator[Address]:
    server = grpc.aio.server()
    if servicer is not None:
        add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port(f"{HOST}:0")
    await server.start()
    try:
        yield Address(HOST, port)
    finally:
        await server.stop(None)


class _Late(HealthServicer):
    async def Check(self, request: object, context: object) -> HealthCheckResponse:  # noqa: N802 - gRPC's name
        await asyncio.Event().wait()
        raise AssertionError("waited for nothing")


class _Broken(HealthServicer):
    async def Check(self, request: object, context: Any) -> HealthCheckResponse:  # noqa: N802 - gRPC's name
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "größer als 80 %")
        raise AssertionError("abort raises")


@pytest.mark.parametrize(
    ("service", "message"),
    [
        (None, ""),
        ("ready", ""),
        ("loading", 'service unhealthy (responded with "NOT_SERVING")'),
        ("odd", 'service unhealthy (responded with "UNKNOWN")'),
        ("absent", "error: health rpc probe failed: rpc error: code = NotFound desc = "),
    ],
    ids=["the server", "serving", "not serving", "unknown", "no such service"],
)
async def test_serving_status_decides(service: str | None, message: str) -> None:
    servicer = health.aio.HealthServicer()
    await servicer.set("", HealthCheckResponse.SERVING)
    await servicer.set("ready", HealthCheckResponse.SERVING)
    await servicer.set("loading", HealthCheckResponse.NOT_SERVING)
    await servicer.set("odd", HealthCheckResponse.UNKNOWN)
    async with health_server(servicer) as address:
        result = await attempt(_grpc(service), address)
    assert (result.success, result.message) == (not message, message)


async def test_server_without_the_health_service() -> None:
    async with health_server(None) as address:
        result = await attempt(_grpc(), address)
    assert result.message == (
        "error: this server does not implement the grpc health protocol"
        " (grpc.health.v1.Health): Method not found!"
    )


async def test_status_message_is_decoded() -> None:
    async with health_server(_Broken()) as address:
        result = await attempt(_grpc(), address)
    assert result.message == (
        "error: health rpc probe failed: rpc error:"
        " code = FailedPrecondition desc = größer als 80 %"
    )


async def test_rpc_that_does_not_complete() -> None:
    async with health_server(_Late()) as address:
        result = await attempt(_grpc(timeout=1), address)
    assert result.message == "timeout: health rpc did not complete within 1s"


async def test_refused_connection() -> None:
    async with nobody() as address:
        result = await attempt(_grpc(), address)
    refused = f"dial tcp {address}: connect: connection refused"
    assert result.message == f'error: failed to connect service at "{address}": {refused}'


async def test_server_that_never_answers() -> None:
    async with serving(silent) as address:
        result = await attempt(_grpc(timeout=1), address)
    assert result.message == "timeout: health rpc did not complete within 1s"


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


def http2(play: Callable[[h2.connection.H2Connection, int], None]) -> Handler:
    """A server that answers the first complete request with what `play` sends."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.StreamEnded):
                    play(connection, event.stream_id)
            writer.write(connection.data_to_send())
            await writer.drain()

    return handler


def _refuse(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.reset_stream(stream, error_code=7)


def _not_found(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.send_headers(stream, [(":status", "404")], end_stream=True)


def _without_trailers(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.send_headers(stream, [(":status", "200")])
    connection.send_data(stream, b"\0\0\0\0\2\x08\x01", end_stream=True)


def _leave(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.close_connection(error_code=2)


def _two_messages(connection: h2.connection.H2Connection, stream: int) -> None:
    connection.send_headers(stream, [(":status", "200")])
    connection.send_data(stream, b"\0\0\0\0\2\x08\x01" * 2)
    connection.send_headers(stream, [("grpc-status", "0")], end_stream=True)


@pytest.mark.parametrize(
    ("handler", "part"),
    [
        (hang_up, "failed to connect service at "),
        (answering("HTTP/1.1 400 Bad Request\r\n\r\n"), "the answer is not HTTP/2"),
        (http2(_refuse), "code = Unavailable desc = stream terminated by RST_STREAM"),
        (http2(_not_found), "does not implement the grpc health protocol"),
        (http2(_without_trailers), "closed the stream without sending trailers"),
        (http2(_leave), "code = Unavailable desc = the server closed the connection"),
        (http2(_two_messages), "code = Internal desc = the health response is not one"),
    ],
    ids=["hangs up", "HTTP/1.1", "reset", "404", "no trailers", "GOAWAY", "two messages"],
)
async def test_answers_that_go_wrong_are_named(handler: Handler, part: str) -> None:
    async with serving(handler) as address:
        result = await attempt(_grpc(), address)
    assert not result.success
    assert part in result.message
