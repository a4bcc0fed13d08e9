"""The engine's events as ends of containers."""

from collections.abc import Mapping
from typing import Any

import pytest

from kfsim.backends.docker.events import ContainerEnd, EventFeed


class Listener:
    def __init__(self) -> None:
        self.ends: list[ContainerEnd] = []
        self.images: list[Mapping[str, Any]] = []

    def on_ended(self, end: ContainerEnd) -> None:
        self.ends.append(end)

    def on_image_event(self, event: Mapping[str, Any]) -> None:
        self.images.append(event)


def event(action: str, container: str = "c1", **attributes: str) -> dict[str, Any]:
    return {
        "Type": "container",
        "Action": action,
        "Actor": {"ID": container, "Attributes": attributes},
    }


@pytest.mark.parametrize(
    ("events", "ends"),
    [
        pytest.param([event("die", exitCode="3")], [ContainerEnd("c1", 3, False)], id="exit"),
        pytest.param(
            [event("oom"), event("die", exitCode="137"), event("destroy")],
            [ContainerEnd("c1", 137, True), ContainerEnd("c1", None, False)],
            id="out-of-memory",
        ),
        pytest.param(
            [event("oom", "other"), event("die", exitCode="0")],
            [ContainerEnd("c1", 0, False)],
            id="memory-of-another",
        ),
        pytest.param([event("die")], [ContainerEnd("c1", None, False)], id="without-a-code"),
        pytest.param([{"Type": "container", "Action": "start"}], [], id="something-else"),
    ],
)
def test_ends_are_told(events: list[dict[str, Any]], ends: list[ContainerEnd]) -> None:
    listener = Listener()
    feed = EventFeed(listener)
    for each in events:
        feed.deliver(each)
    assert listener.ends == ends


def test_image_events_are_passed_on() -> None:
    listener = Listener()
    EventFeed(listener).deliver({"Type": "image", "Action": "pull"})
    assert listener.images == [{"Type": "image", "Action": "pull"}]
    assert listener.ends == []
