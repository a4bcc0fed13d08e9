"""Who holds a port: other projects by name, processes by their program, else nothing."""

import os
import socket
from pathlib import Path

import pytest

from kfsim.daemon.port_holders import describe_holder, parse_listening
from kfsim.daemon.project import (
    DaemonInfo,
    StateLock,
    prepare_state_dir,
    resolve_project,
    write_daemon,
)

TABLE = """\
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 111 1 0 100
   1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000  0  0 222 1 0 20
   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 333 1 0 100
"""


def test_only_listening_sockets_of_the_port_count() -> None:
    assert list(parse_listening(TABLE.splitlines(), 8080)) == ["111"]


def test_a_process_is_named_by_program_and_pid() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert describe_holder(server.getsockname()[1]).endswith(f" (pid {os.getpid()})")


def test_nobody_is_no_holder() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert describe_holder(unused.getsockname()[1]) == ""


def test_another_project_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("KFSIM_STATE_DIR", raising=False)
    project = resolve_project([], name="demo", state_dir=None)
    prepare_state_dir(project.state_dir)
    with StateLock(project):
        write_daemon(
            project.state_dir,
            DaemonInfo(1, "127.0.0.1:8080", "[::1]:8001", "0", "demo", "", str(project.state_dir)),
        )
        assert describe_holder(8080) == "the gateway of kfsim project demo"
        assert describe_holder(8001) == "the API of kfsim project demo"
