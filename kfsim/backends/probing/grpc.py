"""grpc probes: one grpc.health.v1.Health/Check over cleartext HTTP/2 (kubelet's pkg/probe/grpc)."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import unquote

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from kfsim.backends.probing.codes import Code, code_of_http, name_code
from kfsim.backends.probing.dialing import describe_dialing, describe_error, dial
from kfsim.backends.probing.health import SERVING, make_request, name_status, parse_status
from kfsim.backends.probing.http import USER_AGENT
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import ProbeResult

_FRAME_HEAD = 9  # octets: the length (3), the type (1), flags (1), the stream (4)
_SETTINGS = 4
_MOST_MESSAGE = 64 * 1024


class _CallFailed(Exception):
    """The call ended with a gRPC status other than OK."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _NotHttp2(Exception):
    """The server does not speak HTTP/2."""


async def probe_grpc(address: Address, *, service: str, timeout: float) -> ProbeResult:
    """Ask for the health of `service` ("" means the server's) within `timeout` seconds."""
    connected = False
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await dial(address)
            connected = True
            try:
                message = await _check(reader, writer, address, service, timeout)
            finally:
                writer.close()
    except TimeoutError:
        message = (
            f"timeout: health rpc did not complete within {timeout:g}s"
            if connected
            else f'timeout: failed to connect service "{address}" within {timeout:g}s:'
            " context deadline exceeded"
        )
    except OSError as error:
        reason = describe_error(error) if connected else describe_dialing(address, error)
        message = f'error: failed to connect service at "{address}": {reason}'
    except _NotHttp2:
        message = (
            f'error: failed to connect service at "{address}": error reading server preface:'
            " the answer is not HTTP/2"
        )
    except _CallFailed as failure:
        message = _describe_failure(failure, timeout)
    return ProbeResult(success=not message, message=message)


async def _check(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    address: Address,
    service: str,
    timeout: float,
) -> str:
    """Empty when the service is healthy, else why not."""
    message = await _call(reader, writer, address, _frame(make_request(service)), timeout)
    try:
        status = parse_status(message)
    except ValueError as error:
        raise _CallFailed(Code.INTERNAL, str(error)) from error
    healthy = status == SERVING
    return "" if healthy else f'service unhealthy (responded with "{name_status(status)}")'


def _describe_failure(failure: _CallFailed, timeout: float) -> str:
    if failure.code == Code.UNIMPLEMENTED:
        return (
            "error: this server does not implement the grpc health protocol"
            f" (grpc.health.v1.Health): {failure.message}"
        )
    if failure.code == Code.DEADLINE_EXCEEDED:
        return f"timeout: health rpc did not complete within {timeout:g}s"
    name = name_code(failure.code)
    return f"error: health rpc probe failed: rpc error: code = {name} desc = {failure.message}"


@dataclass(slots=True)
class _Reply:
    """What came back on the call's stream."""

    headers: dict[str, str] = field(default_factory=dict)
    trailers: dict[str, str] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    ended: bool = False


async def _call(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    address: Address,
    request: bytes,
    timeout: float,
) -> bytes:
    """The response message of the unary call. Raises _CallFailed, _NotHttp2 and OSError."""
    connection = h2.connection.H2Connection(
        config=h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
    )
    connection.initiate_connection()
    stream = connection.get_next_available_stream_id()
    connection.send_headers(stream, _make_headers(address, timeout))
    connection.send_data(stream, request, end_stream=True)
    writer.write(connection.data_to_send())
    data = await _read_preface(reader)
    reply = _Reply()
    while data:
        try:
            events = connection.receive_data(data)
        except h2.exceptions.ProtocolError as error:
            raise _CallFailed(Code.INTERNAL, str(error)) from error
        for event in events:
            _fold(reply, event, connection)
        if reply.ended:
            return _unwrap(reply)
        writer.write(connection.data_to_send())
        data = await reader.read(_MOST_MESSAGE)
    raise _CallFailed(Code.UNAVAILABLE, "connection closed before the answer was complete")


async def _read_preface(reader: asyncio.StreamReader) -> bytes:
    """The head of the first frame, which must be SETTINGS (RFC 9113, section 3.4)."""
    try:
        head = await reader.readexactly(_FRAME_HEAD)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("error reading server preface: EOF") from error
    if head[3] != _SETTINGS:
        raise _NotHttp2
    return head


def _fold(reply: _Reply, event: h2.events.Event, connection: h2.connection.H2Connection) -> None:
    match event:
        case h2.events.ResponseReceived():
            reply.headers.update((str(name), str(value)) for name, value in event.headers or ())
        case h2.events.TrailersReceived():
            reply.trailers.update((str(name), str(value)) for name, value in event.headers or ())
        case h2.events.DataReceived():
            reply.data += event.data or b""
            connection.acknowledge_received_data(event.flow_controlled_length or 0, 1)
            if len(reply.data) > _MOST_MESSAGE:
                raise _CallFailed(Code.INTERNAL, "the health response is longer than 64 KiB")
        case h2.events.StreamEnded():
            reply.ended = True
        case h2.events.StreamReset():
            text = f"stream terminated by RST_STREAM with error code: {event.error_code}"
            raise _CallFailed(Code.UNAVAILABLE, text)
        case h2.events.ConnectionTerminated():
            text = f"the server closed the connection with error code: {event.error_code}"
            raise _CallFailed(Code.UNAVAILABLE, text)
        case _:
            pass  # settings, window updates and pings are answered by h2


def _make_headers(address: Address, timeout: float) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", str(address)),
        ("content-type", "application/grpc"),
        ("user-agent", USER_AGENT),
        ("te", "trailers"),
        ("grpc-timeout", f"{round(timeout * 1000)}m"),
    ]


def _frame(message: bytes) -> bytes:
    """A flag (1 = compressed, which was not offered) and the length go before a message."""
    return b"\x00" + len(message).to_bytes(4, "big") + message


def _unwrap(reply: _Reply) -> bytes:
    """The message of a reply that ended. Raises _CallFailed."""
    status = reply.headers.get(":status", "")
    code = reply.trailers.get("grpc-status", reply.headers.get("grpc-status"))
    if code is None:
        http = int(status) if status.isdigit() else 0
        text = f"unexpected HTTP status code received from server: {status}"
        if http == 200:
            raise _CallFailed(Code.INTERNAL, "server closed the stream without sending trailers")
        raise _CallFailed(code_of_http(http), text)
    if code != "0":
        number = int(code) if code.isdigit() else Code.UNKNOWN
        text = reply.trailers.get("grpc-message", reply.headers.get("grpc-message", ""))
        raise _CallFailed(number, unquote(text))
    message = bytes(reply.data[5:])
    if bytes(reply.data) != _frame(message):
        raise _CallFailed(Code.INTERNAL, "the health response is not one plain message")
    return message
