"""Container logs: read from the engine while the container exists, then from their stored file.

The engine sends one frame per entry: a line, or a piece of one that is longer than 16 KiB and then
has no newline. A container with a terminal sends plain bytes.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kfsim.backends.docker.connection import Client
from kfsim.backends.logs import TAIL_BYTES
from kfsim.replicas.backend import LogOptions

_TAIL_LINES = 80


def read_live(
    client: Client, container_id: str, options: LogOptions, *, tty: bool
) -> Iterable[bytes]:
    """The lines of a container that exists; blocks between them with `follow`."""
    # Its absence is found out here: the package leaves the connection open when `logs` does.
    client.inspect_container(container_id)
    stream = client.logs(
        container_id,
        stream=True,
        follow=options.follow,
        tail="all" if options.tail_lines is None else max(0, options.tail_lines),
        timestamps=options.timestamps,
    )
    return _lines(stream) if tty else stream


def _lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in stream:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r") + b"\n"
    if rest:
        yield rest


def store_log(client: Client, container_id: str, path: Path, *, tty: bool) -> None:
    """Write an ended container's whole log to the file, in the format of `backends.logs`."""
    options = LogOptions(timestamps=True)
    unfinished = path.with_name(path.name + ".part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            before = b""
            for entry in read_live(client, container_id, options, tty=tty):
                file.write(_stored(before))
                before = entry
            # The engine sends the last line as it was written, perhaps without its newline.
            file.write(_stored(before and before.removesuffix(b"\n") + b"\n"))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _stored(entry: bytes) -> bytes:
    if not entry:
        return b""
    stamp, _, text = entry.partition(b" ")
    tag = b"F" if text.endswith(b"\n") else b"P"
    return b"%b %b %b\n" % (stamp, tag, text.removesuffix(b"\n"))


def read_tail(client: Client, container_id: str) -> str:
    """The last lines, at most TAIL_BYTES."""
    return last_words(client.logs(container_id, tail=_TAIL_LINES))


def last_words(log: bytes) -> str:
    """The end of a log, in whole lines where there are several, at most TAIL_BYTES."""
    kept = log[-TAIL_BYTES:]
    if len(log) > TAIL_BYTES and b"\n" in kept[:-1]:
        kept = kept.partition(b"\n")[2]
    return kept.decode(errors="replace").strip("\r\n")
