"""The engine's log entries, as lines and as stored ones."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kfsim.backends.docker.logs import last_words, read_live, store_log
from kfsim.backends.logs import TAIL_BYTES, LogReader
from kfsim.replicas.backend import LogOptions

STAMP = b"2026-01-02T03:04:05.123456789Z"


class Client:
    """Has one container with these log frames."""

    def __init__(self, *frames: bytes, broken: bool = False) -> None:
        self.frames = frames
        self.broken = broken
        self.asked: dict[str, Any] = {}

    def inspect_container(self, container_id: str) -> None:
        pass

    def logs(self, container_id: str, **asked: Any) -> Iterable[bytes]:
        self.asked = asked
        return self._frames()

    def _frames(self) -> Iterator[bytes]:
        yield from self.frames
        if self.broken:
            raise OSError("lost")


@pytest.mark.parametrize(
    ("frames", "stored"),
    [
        pytest.param([b"one\n", b"two\n"], b"one\ntwo\n", id="lines"),
        pytest.param([b"piece", b"piece\n", b"next\n"], b"piecepiece\nnext\n", id="long-line"),
        pytest.param([b"one\n", b"end"], b"one\nend\n", id="last-without-newline"),
        pytest.param([b"\n", b"after\n"], b"\nafter\n", id="empty-line"),
        pytest.param([], b"", id="nothing"),
    ],
)
def test_a_log_is_stored_as_it_is_read_back(
    tmp_path: Path, frames: list[bytes], stored: bytes
) -> None:
    path = tmp_path / "server.0.log"
    store_log(Client(*(b"%b %b" % (STAMP, each) for each in frames)), "c", path, tty=False)
    reader = LogReader(path, timestamps=False)
    assert b"".join(reader.read_history()) == stored
    reader.close()
    assert [each.name for each in tmp_path.iterdir()] == ["server.0.log"]


def test_a_log_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "server.0.log"
    path.write_bytes(b"before")
    with pytest.raises(OSError, match="lost"):
        store_log(Client(STAMP + b" one\n", broken=True), "c", path, tty=False)
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["server.0.log"]


def test_a_terminals_bytes_become_lines() -> None:
    client = Client(b"a", b"b\r", b"\nc\r\nd")
    assert list(read_live(client, "c", LogOptions(), tty=True)) == [b"ab\n", b"c\n", b"d"]


def test_options_are_the_engines() -> None:
    client = Client()
    read_live(client, "c", LogOptions(follow=True, tail_lines=0, timestamps=True), tty=False)
    assert client.asked == {"stream": True, "follow": True, "tail": 0, "timestamps": True}
    read_live(client, "c", LogOptions(), tty=False)
    assert (client.asked["tail"], client.asked["follow"]) == ("all", False)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        pytest.param(b"one\ntwo\n", "one\ntwo", id="short"),
        pytest.param(b"x" * 3000 + b"\nend\n", "end", id="whole-lines"),
        pytest.param(b"x" * 3000 + b"\n", "x" * (TAIL_BYTES - 1), id="one-long-line"),
        pytest.param(b"\xff\n", "\ufffd", id="not-text"),
    ],
)
def test_last_words_are_whole_lines_of_at_most_2_kib(log: bytes, words: str) -> None:
    assert last_words(log) == words
