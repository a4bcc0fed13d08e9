"""Looking at this machine."""

import os
import socket

from kfsim.cli.doctor import gathering
from kfsim.cli.doctor.network import PortFacts
from kfsim.daemon.project import DaemonInfo


def test_who_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        facts = gathering.look_at_port(f"127.0.0.1:{port}", "the API", [])
        assert not facts.free
        assert facts.holder.endswith(f"(pid {os.getpid()})")
    assert gathering.look_at_port(f"127.0.0.1:{port}", "the API", []).free


def test_a_port_of_a_daemon_of_ours_is_known() -> None:
    info = DaemonInfo(7, "127.0.0.1:8080", "127.0.0.1:8001", "1", "iris", "", "/state")
    assert gathering.look_at_port("127.0.0.1:8001", "the API", [info]) == PortFacts(
        8001, "the API", free=False, ours="iris"
    )


def test_an_address_that_is_not_ours_says_why() -> None:
    facts = gathering.look_at_port("192.0.2.1:8080", "the gateway", [])
    assert not facts.free
    assert facts.error


def test_limits_and_memory_are_numbers() -> None:
    soft, hard = gathering.open_file_limits()
    assert soft != 0
    assert hard < 0 or soft <= hard
    assert (gathering.inotify_limit("max_user_watches") or 1) > 0
    assert gathering.inotify_limit("no_such_limit") is None
    assert (gathering.available_memory() or 1) > 0
