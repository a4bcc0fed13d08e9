"""This host as a node."""

import os

from kfsim.daemon.host import find_host


def test_the_host_has_its_cores_memory_and_labels() -> None:
    node = find_host()
    assert node.cpu == os.cpu_count()
    assert node.memory > 2**28
    assert node.labels["kubernetes.io/hostname"] == "kfsim"
    assert node.labels["kubernetes.io/os"] in ("linux", "darwin")
    assert node.labels["kubernetes.io/arch"] in ("amd64", "arm64")
