"""What the facts about Docker, GPUs and kubectl mean."""

from collections.abc import Callable

import pytest

from kfsim.cli.doctor import Finding, Level
from kfsim.cli.doctor.engine import (
    EngineFacts,
    GpuFacts,
    check_engine,
    check_gpus,
    check_images,
    check_kubectl,
    check_kustomize,
    check_leftovers,
    check_toolkit,
    full_name,
)

ABSENT = EngineFacts(problem="cannot reach the Docker engine at unix:///x: permission denied")
THERE = EngineFacts(
    where="unix:///var/run/docker.sock",
    context="desktop-linux",
    images=frozenset({"python:3.12", "server:latest"}),
    runtimes=frozenset({"runc"}),
    states=(("aaa", 2), ("bbb", 3)),
)
T4 = GpuFacts(("Tesla T4",))
NO_GPU = GpuFacts(problem="there is no NVIDIA driver")


@pytest.mark.parametrize(
    ("check", "level", "words"),
    [
        (lambda: check_engine(ABSENT, needed_by=())[0], Level.NOTE, "permission denied"),
        (
            lambda: check_engine(ABSENT, needed_by=("rose",))[0],
            Level.PROBLEM,
            "rose needs it: cannot reach",
        ),
        (lambda: check_engine(THERE, needed_by=())[0], Level.OK, "unix:///var/run/docker.sock"),
        (
            lambda: check_engine(THERE, needed_by=())[1],
            Level.NOTE,
            "uses context desktop-linux",
        ),
        (lambda: check_images(THERE, ("gone:1",))[0], Level.NOTE, "gone:1 is not present"),
        (lambda: check_images(THERE, ("python:3.12", "server"))[0], Level.OK, "all 2"),
        (
            lambda: check_leftovers(THERE, frozenset({"aaa"}))[0],
            Level.NOTE,
            "3 of daemons that do not run",
        ),
        (lambda: check_gpus(T4, needed_by=("rose",), mode="require"), Level.OK, "Tesla T4"),
        (lambda: check_gpus(NO_GPU, needed_by=(), mode="require"), Level.OK, "no manifest asks"),
        (
            lambda: check_gpus(NO_GPU, needed_by=("rose",), mode="require"),
            Level.PROBLEM,
            "rose asks for one; set `gpu: fake`",
        ),
        (
            lambda: check_gpus(NO_GPU, needed_by=("rose",), mode="fake"),
            Level.OK,
            "kfsim.yaml says gpu: fake",
        ),
        (lambda: check_toolkit(THERE, T4)[0], Level.NOTE, "NVIDIA Container Toolkit"),
        (lambda: check_kubectl("", served=(1, 32)), Level.NOTE, "not found"),
        (lambda: check_kubectl("broken: no", served=(1, 32)), Level.NOTE, "no version"),
        (lambda: check_kubectl("v1.28.3", served=(1, 32)), Level.NOTE, "one minor version"),
        (lambda: check_kubectl("v1.33.0", served=(1, 32)), Level.OK, "v1.33.0"),
        (lambda: check_kustomize(standalone=False, kubectl=True), Level.OK, "that of kubectl"),
        (lambda: check_kustomize(standalone=False, kubectl=False), Level.NOTE, "not found"),
    ],
)
def test_what_it_means(check: Callable[[], Finding], level: Level, words: str) -> None:
    finding = check()
    assert finding.level is level
    assert words in finding.line


def test_without_an_engine_nothing_is_said_of_images_and_devices() -> None:
    assert check_images(ABSENT, ("gone:1",)) == []
    assert check_toolkit(ABSENT, T4) == []
    assert check_leftovers(ABSENT, frozenset()) == []


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("server", "server:latest"),
        ("host:5000/server", "host:5000/server:latest"),
        ("server:1", "server:1"),
        ("server@sha256:ab", "server@sha256:ab"),
    ],
)
def test_the_tag_that_docker_adds(image: str, name: str) -> None:
    assert full_name(image) == name
