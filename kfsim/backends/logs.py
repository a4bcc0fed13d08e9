"""Log files of one container: written by the supervisor, read by the daemon.

The daemon writes that of a storage-initializer, whose work it does itself.

Each attempt (start) of a container has its own file, `CONTAINER.ATTEMPT.log`; when it exceeds the
size limit it is renamed to `.1`, `.1` to `.2`, and the oldest is removed, so that no replica can
fill the disk. A line is stored as CRI runtimes do it: `TIMESTAMP F text`, with `P` for a piece of a
line that is longer than a piece may be. Files are 0600 in folders of 0700.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

TAIL_BYTES = 2048
_LONGEST_PIECE = 16 * 1024


def log_path(folder: Path, container: str, attempt: int) -> Path:
    """Where an attempt's newest lines are."""
    return folder / f"{container}.{attempt}.log"


def write_log(path: Path, text: str) -> None:
    """Store all that an attempt had to say. An error of the storage loses it, nothing else."""
    try:
        path.write_bytes(
            b"".join(_pieces(_timestamp(), each.encode()) for each in text.split("\n"))
        )
        path.chmod(0o600)
    except OSError:
        pass  # a full disk; the same words are in the Pod's status


class LogWriter:
    """Cuts a byte stream into lines, stamps and stores them, and remembers the tail.

    `raw` stores the bytes as they are, up to one file's size, for the output of exec.
    """

    def __init__(self, path: str, *, limit: int, files: int, raw: bool = False) -> None:
        self._path = path
        self._limit = limit
        self._files = files
        self._raw = raw
        self._partial = b""
        self._tail = b""
        self._size = 0
        self._file = self._open()

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.open(self._path, flags, 0o600)

    def write(self, data: bytes) -> None:
        """Store what a container wrote. Storage errors (a full disk) lose lines, nothing else."""
        self._tail = (self._tail + data)[-2 * TAIL_BYTES :]
        try:
            if self._raw:
                self._store(data[: max(0, self._limit - self._size)])
            else:
                self._store_lines(data)
        except OSError:
            self._partial = b""

    def _store_lines(self, data: bytes) -> None:
        stamp = _timestamp()
        *lines, rest = (self._partial + data).split(b"\n")
        block = b"".join(_pieces(stamp, line) for line in lines)
        while len(rest) >= _LONGEST_PIECE:
            block += b"%b P %b\n" % (stamp, rest[:_LONGEST_PIECE])
            rest = rest[_LONGEST_PIECE:]
        self._partial = rest
        if block:
            self._store(block)

    def _store(self, block: bytes) -> None:
        if not self._raw and self._size and self._size + len(block) > self._limit:
            self._rotate()
        self._size += len(block)
        os.write(self._file, block)

    def _rotate(self) -> None:
        os.close(self._file)
        for number in range(self._files - 1, 0, -1):
            older = self._path if number == 1 else f"{self._path}.{number - 1}"
            if os.path.exists(older):
                os.replace(older, f"{self._path}.{number}")
        self._size = 0
        self._file = self._open()

    def tail(self) -> str:
        """The last lines, at most TAIL_BYTES."""
        kept = self._tail[-TAIL_BYTES:]
        if len(self._tail) > TAIL_BYTES and b"\n" in kept:
            kept = kept.partition(b"\n")[2]
        return kept.decode(errors="replace").strip("\n")

    def close(self) -> None:
        if self._partial:
            partial, self._partial = self._partial, b""
            try:
                self._store(_pieces(_timestamp(), partial))
            except OSError:
                pass  # a full disk loses the last line
        os.close(self._file)


def _pieces(stamp: bytes, line: bytes) -> bytes:
    pieces = b""
    while len(line) > _LONGEST_PIECE:
        pieces += b"%b P %b\n" % (stamp, line[:_LONGEST_PIECE])
        line = line[_LONGEST_PIECE:]
    return pieces + b"%b F %b\n" % (stamp, line)


def _timestamp() -> bytes:
    now = time.time_ns()
    seconds, nanoseconds = divmod(now, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)).encode() + (
        b".%09dZ" % nanoseconds
    )


class LogReader:
    """Reads one attempt's stored lines, and what is appended to them later."""

    def __init__(self, path: Path, *, timestamps: bool) -> None:
        self._path = path
        self._timestamps = timestamps
        self._file: int | None = None
        self._rest = b""

    def read_history(self) -> list[bytes]:
        """Lines of the rotated files and of the current one, oldest first."""
        older: list[bytes] = []
        siblings = self._path.parent.glob(self._path.name + ".*")
        rotated = [each for each in siblings if each.suffix[1:].isdigit()]
        for each in sorted(rotated, key=lambda path: -int(path.suffix[1:])):
            older += self._format(each.read_bytes())
        return older + self.read_more()

    def read_more(self) -> list[bytes]:
        """Lines written since the last call, across a rotation."""
        lines = self._read_open()
        if self._file is not None and self._was_rotated():
            lines += self._read_open()
            os.close(self._file)
            self._file = None
            lines += self._read_open()
        return lines

    def _read_open(self) -> list[bytes]:
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return []
        data = self._rest
        while chunk := os.read(self._file, 1 << 20):
            data += chunk
        whole, newline, self._rest = data.rpartition(b"\n")
        return list(self._format(whole + newline))

    def _was_rotated(self) -> bool:
        assert self._file is not None
        try:
            return os.fstat(self._file).st_ino != os.stat(self._path).st_ino
        except FileNotFoundError:
            return False

    def _format(self, stored: bytes) -> Iterator[bytes]:
        for line in stored.split(b"\n")[:-1]:
            stamp, _, rest = line.partition(b" ")
            tag, _, text = rest.partition(b" ")
            end = b"" if tag == b"P" else b"\n"
            yield b"%b %b%b" % (stamp, text, end) if self._timestamps else text + end

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
