"""Sockets of failed connections are closed."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from kfsim.backends.docker.sockets import close_failed_sockets
from tests.backends.docker.socket_engine import VERSION, FakeEngine


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    fake = FakeEngine(tmp_path / "e.sock")
    yield fake
    fake.close()


def make_client(url: str) -> docker.APIClient:
    return close_failed_sockets(docker.APIClient(base_url=url, version="1.41"))


def test_a_client_works_as_before(fake: FakeEngine) -> None:
    client = make_client(fake.url)
    assert client.version(api_version=False) == VERSION
    assert client.info()["NCPU"] == 4
    client.close()


def test_a_failed_connection_leaves_no_socket_open(tmp_path: Path) -> None:
    client = make_client(f"unix://{tmp_path}/none.sock")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(OSError, match="No such file or directory"):
            client.info()
        gc.collect()
    assert [each for each in seen if issubclass(each.category, ResourceWarning)] == []
    client.close()


def test_other_transports_are_let_be() -> None:
    client = docker.APIClient(base_url="tcp://127.0.0.1:1", version="1.41")
    before = client.get_adapter(client.base_url)
    assert close_failed_sockets(client).get_adapter(client.base_url) is before
    client.close()
