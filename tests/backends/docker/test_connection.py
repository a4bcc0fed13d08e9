"""Finding an engine: what is said when there is none that can be used."""

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kfsim.backends.docker.connection import connect, describe_failure
from kfsim.backends.docker.errors import EngineUnavailable
from tests.backends.docker.socket_engine import INFO, VERSION, FakeEngine

MakeEngine = Callable[..., FakeEngine]


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[MakeEngine]:
    made: list[FakeEngine] = []

    def make(**answers: object) -> FakeEngine:
        made.append(
            FakeEngine(tmp_path / "e.sock", {f"/{key}": value for key, value in answers.items()})
        )
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_an_engine_is_found_with_its_size_and_its_time(make_engine: MakeEngine) -> None:
    engine = make_engine()
    found = connect(engine.url)
    assert (found.host.cpus, found.host.memory) == (4.0, 8 * 2**30)
    assert found.since == 1767323045
    assert found.where == engine.url


@pytest.mark.parametrize(
    ("version", "spoken"),
    [
        pytest.param({"MinAPIVersion": "1.12"}, "/v1.41/info", id="the-oldest-that-kfsim-knows"),
        pytest.param({"MinAPIVersion": "1.44", "ApiVersion": "1.52"}, "/v1.44/info", id="newer"),
    ],
)
def test_the_oldest_common_version_is_spoken(
    make_engine: MakeEngine, version: dict[str, str], spoken: str
) -> None:
    engine = make_engine(version={**VERSION, **version})
    assert connect(engine.url).options["version"] == spoken.split("/")[1][1:]
    assert engine.asked[-1] == spoken


def test_an_engine_that_is_too_old_is_named_with_what_is_needed(make_engine: MakeEngine) -> None:
    engine = make_engine(version={"Version": "19.03.15", "ApiVersion": "1.40"})
    with pytest.raises(EngineUnavailable) as refused:
        connect(engine.url)
    text = refused.value.message
    assert "version 19.03.15 with API 1.40" in text
    assert "needs API 1.41 (Docker 20.10) or newer; update Docker" in text


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"<html>hello</html>", id="html"),
        pytest.param(["a", "list"], id="list"),
        pytest.param({"Version": "1"}, id="without-api-version"),
        pytest.param({"ApiVersion": "new"}, id="odd-api-version"),
    ],
)
def test_what_is_no_engine_is_called_so(make_engine: MakeEngine, answer: object) -> None:
    engine = make_engine(version=answer)
    with pytest.raises(EngineUnavailable, match=r"is no Docker engine .*correct DOCKER_HOST"):
        connect(engine.url)


def test_a_socket_that_speaks_something_else_is_no_engine(tmp_path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "other.sock"))
    server.listen()

    def serve() -> None:
        for _ in range(2):  # whether somebody listens is tried first
            peer, _ = server.accept()
            with peer:
                if peer.recv(65536):
                    peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(EngineUnavailable, match="is no Docker engine"):
        connect(f"unix://{tmp_path}/other.sock")
    thread.join()
    server.close()


def test_a_missing_socket_and_a_dead_one_say_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="there is no such socket; start Docker, or run"):
        connect(f"unix://{tmp_path}/none.sock")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "dead.sock"))
    dead.close()
    with pytest.raises(EngineUnavailable, match=r"connection refused; start Docker.*--runtime"):
        connect(f"unix://{tmp_path}/dead.sock")


def test_a_malformed_url_is_called_so() -> None:
    with pytest.raises(EngineUnavailable, match=r"at nonsense://x: .*correct DOCKER_HOST"):
        connect("nonsense://x")


def test_a_socket_without_permission_says_how_to_get_it() -> None:
    # root is never refused, so the error is made as requests wraps it
    inner = PermissionError(errno.EACCES, "Permission denied")
    wrapped = OSError(RuntimeError("Connection aborted.", inner))
    text = describe_failure(wrapped, "unix:///var/run/docker.sock").message
    assert "permission denied; add yourself to the group docker" in text
    assert "sudo" in text


@pytest.mark.parametrize(
    ("info", "reaches"),
    [
        pytest.param({}, True, id="local"),
        pytest.param({"OperatingSystem": "Docker Desktop"}, False, id="virtual-machine"),
        pytest.param({"SecurityOptions": ["name=rootless"]}, False, id="rootless"),
    ],
)
def test_bridges_are_reached_where_the_engine_shares_this_host(
    make_engine: MakeEngine, info: dict[str, Any], reaches: bool
) -> None:
    engine = make_engine(info={**INFO, **info})
    assert connect(engine.url).reaches_bridges is reaches
