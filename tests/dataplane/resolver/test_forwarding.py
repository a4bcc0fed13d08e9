"""Asking the host's name servers: real sockets on loopback."""

import asyncio
import os
from pathlib import Path

import pytest

from kfsim.dataplane.resolver.forwarding import Forwarder, HostNameServers, parse_name_servers
from tests.dataplane.resolver.servers import QUERY, Upstream

SERVER, SECOND = "127.0.0.81", "127.0.0.82"


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("", ()),
        (
            "search a b\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\n",
            ("10.0.0.1", "fe80::1%eth0"),
        ),
        ("# nameserver 1.1.1.1\n;nameserver 2.2.2.2\n  nameserver\t3.3.3.3 # x", ("3.3.3.3",)),
        ("nameserver\noptions ndots:5", ()),
    ],
)
def test_resolv_conf(text: str, servers: tuple[str, ...]) -> None:
    assert parse_name_servers(text) == servers


def test_a_changed_resolv_conf_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    servers = HostNameServers(path)
    assert servers() == ()
    for stamp, address in ((1, "10.0.0.1"), (2, "10.0.0.2")):
        path.write_text(f"nameserver {address}\n")
        os.utime(path, ns=(stamp, stamp))
        assert servers() == (address,)


@pytest.mark.parametrize("stream", [False, True], ids=["UDP", "TCP"])
async def test_the_answer_comes_as_the_server_gave_it(stream: bool) -> None:
    async with Upstream(SERVER) as upstream:
        forwarder = Forwarder(lambda: (SERVER,), port=upstream.port)
        assert await forwarder.ask(QUERY, stream=stream) == QUERY[:2] + b"answer"


@pytest.mark.parametrize("stream", [False, True], ids=["UDP", "TCP"])
async def test_the_second_server_is_asked_when_the_first_is_silent(stream: bool) -> None:
    async with Upstream(SERVER, silent=True) as first, Upstream(SECOND, port=first.port):
        forwarder = Forwarder(lambda: (SERVER, SECOND), port=first.port, seconds=0.2)
        assert await forwarder.ask(QUERY, stream=stream) == QUERY[:2] + b"answer"


@pytest.mark.parametrize("stream", [False, True], ids=["UDP", "TCP"])
async def test_nobody_answers(stream: bool) -> None:
    assert await Forwarder(lambda: (), port=1).ask(QUERY, stream=stream) is None
    forwarder = Forwarder(lambda: (SERVER,), port=1, seconds=5)  # refused, so it does not take 5 s
    async with asyncio.timeout(4):
        assert await forwarder.ask(QUERY, stream=stream) is None


async def test_a_packet_with_another_id_is_no_answer() -> None:
    async with Upstream(SERVER, wrong_first=True) as upstream:
        forwarder = Forwarder(lambda: (SERVER,), port=upstream.port)
        assert await forwarder.ask(QUERY, stream=False) == QUERY[:2] + b"answer"
