"""How a container ended."""

from typing import Any

import pytest

from kfsim.backends.docker.ending import Exit, describe_end, look, plain_exit, signal_of
from kfsim.backends.docker.events import ContainerEnd


class Client:
    """Knows one ended container."""

    def __init__(self, *, out_of_memory: bool = False, running: bool = False) -> None:
        self.state = {"ExitCode": 137, "OOMKilled": out_of_memory, "Running": running}
        self.asked: list[str] = []

    def inspect_container(self, container_id: str) -> dict[str, Any]:
        self.asked.append("inspect")
        return {"State": self.state}

    def logs(self, container_id: str, *, tail: int) -> bytes:
        self.asked.append("logs")
        return b"first\nlast words\n"


@pytest.mark.parametrize(
    ("code", "signal"), [(0, None), (1, None), (128, None), (137, 9), (143, 15), (255, None)]
)
def test_the_signal_is_read_from_the_code(code: int, signal: int | None) -> None:
    assert signal_of(code) == signal


@pytest.mark.parametrize(
    ("end", "inspected", "exit_"),
    [
        pytest.param(
            ContainerEnd("c", 3, False), False, Exit(3, None, "", "first\nlast words"), id="crash"
        ),
        pytest.param(
            ContainerEnd("c", 137, True),
            False,
            Exit(137, 9, "OOMKilled", "first\nlast words"),
            id="told",
        ),
        pytest.param(
            ContainerEnd("c", 137, False),
            True,
            Exit(137, 9, "OOMKilled", "first\nlast words"),
            id="found-out",
        ),
        pytest.param(
            ContainerEnd("c", 137, False),
            False,
            Exit(137, 9, "", "first\nlast words"),
            id="killed",
        ),
    ],
)
def test_an_end_is_described(end: ContainerEnd, inspected: bool, exit_: Exit) -> None:
    assert describe_end(Client(out_of_memory=inspected), end) == exit_


def test_a_good_end_needs_nothing_of_the_engine() -> None:
    client = Client()
    assert describe_end(client, ContainerEnd("c", 0, False)) == Exit(0, None, "", "")
    assert client.asked == []
    assert plain_exit(ContainerEnd("c", 0, False)) == Exit(0, None, "", "")


def test_a_container_that_is_gone_ended_somehow() -> None:
    found = plain_exit(ContainerEnd("c", None, False))
    assert (found.code, found.reason) == (137, "ContainerStatusUnknown")
    assert "somebody else removed it" in found.message


def test_a_look_tells_running_from_ended() -> None:
    assert look(Client(running=True), "c") is None
    assert look(Client(out_of_memory=True), "c") == ContainerEnd("c", 137, True)
