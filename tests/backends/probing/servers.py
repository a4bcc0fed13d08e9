"""Small servers for probes to talk to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from kfsim.api.core import Probe
from kfsim.backends.probing import run_probe
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import ProbeResult

HOST = "127.0.0.1"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, **options: object) -> AsyncIterator[Address]:
    """A TCP server; the connection is closed when the handler returns."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except ConnectionError:  # the probe went first
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, HOST, 0, **options)  # type: ignore[arg-type]
    try:
        yield Address(HOST, server.sockets[0].getsockname()[1])
    finally:
        server.close()


def answering(answer: str, *, heads: list[str] | None = None) -> Handler:
    """Answers every request with the same bytes; `heads` collects what was asked."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if heads is not None:
            heads.append(head.decode())
        writer.write(answer.encode())
        await writer.drain()

    return handler


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts, reads, never answers; ends when the peer does."""
    while await reader.read(1024):
        pass


@asynccontextmanager
async def nobody() -> AsyncIterator[Address]:
    """An address on which nothing listens any more."""
    async with serving(silent) as address:
        pass
    yield address


async def attempt(
    manifest: dict[str, object],
    address: Address | None = None,
    *,
    stays_open: bool = False,
    ports: dict[int | str | None, Address] | None = None,
) -> ProbeResult:
    """Run the probe of a manifest; every port it names is at `address` unless `ports` says."""

    async def run(command: object) -> tuple[int, bytes]:
        raise AssertionError(f"no command was to be run: {command}")

    known = ports or {}
    return await run_probe(
        Probe.model_validate(manifest),
        resolve=lambda port: known.get(port) if ports is not None else address,
        run=run,
        stays_open=stays_open,
    )
