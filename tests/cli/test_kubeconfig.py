"""The kubeconfig: what clients read in it, who may read it, and what is said when it cannot be."""

import os
from pathlib import Path

import pytest
from kubernetes import config

from kfsim.base.errors import Unavailable
from kfsim.cli.kubeconfig import write_kubeconfig


def test_the_python_client_loads_it(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path, "127.0.0.1:8001")
    contexts, active = config.list_kube_config_contexts(str(path))
    assert [context["name"] for context in contexts] == ["kfsim"]
    assert active["context"]["namespace"] == "default"
    client = config.new_client_from_config(str(path))
    assert client.configuration.host == "http://127.0.0.1:8001"
    assert client.configuration.api_key == {}


def test_it_is_its_owners_alone_and_is_replaced_whole(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path, "127.0.0.1:1")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        assert write_kubeconfig(tmp_path, "127.0.0.1:2") == path
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "http://127.0.0.1:2" in path.read_text()
    assert "http://127.0.0.1:1\n" not in path.read_text()
    assert os.listdir(tmp_path) == ["kubeconfig"]


def test_a_state_directory_that_is_not_here_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="state directory must be on this machine") as raised:
        write_kubeconfig(tmp_path / "elsewhere", "127.0.0.1:1")
    assert str(tmp_path / "elsewhere" / "kubeconfig") in raised.value.message


def test_a_path_that_kubectl_would_take_apart_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    with pytest.raises(Unavailable, match="another --state-dir"):
        write_kubeconfig(folder, "127.0.0.1:1")
    assert not list(folder.iterdir())
