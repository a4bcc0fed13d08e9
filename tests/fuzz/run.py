"""Coverage-guided fuzzing of what clients can say: `python -m tests.fuzz.run TARGET [options]`.

TARGET is http1 or http2, the options are libFuzzer's. One input is what a client sends, the places
where reads cut it, and what the replica answers; the whole request path is driven in one process
(`tests.hostile.benches`). Found is what is raised, a request that reaches the replica in more than
one reading, or one that is counted in and never out. The corpus begins with the rows of
`tests.hostile` and of HTTP/2's hostile tests.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["kfsim.dataplane"]):
    from kfsim.dataplane.http2 import frames
    from kfsim.dataplane.http2.server import ClientLink
    from tests.hostile.benches import Bench, say_ok

_ANSWERS = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok and more",
)


def try_http1(data: bytes) -> None:
    """Bytes of a client on a connection, and of its replica."""
    given = atheris.FuzzedDataProvider(data)
    answer = given.ConsumeIntInRange(0, 2 * len(_ANSWERS))
    respond = say_ok
    if answer < len(_ANSWERS):
        respond = lambda seen: _ANSWERS[answer]  # noqa: E731
    elif answer == len(_ANSWERS):
        raw = given.ConsumeBytes(64)
        respond = lambda seen: raw  # noqa: E731
    _drive(Bench(respond), given)


def try_http2(data: bytes) -> None:
    """Frames of a client behind its preface."""
    bench = Bench(make_client=lambda *parts: ClientLink(*parts, None))
    bench.send(frames.PREFACE)
    _drive(bench, atheris.FuzzedDataProvider(data))


def _drive(bench: Bench, given) -> None:
    cuts = [given.ConsumeIntInRange(1, 200) for _ in range(given.ConsumeIntInRange(0, 4))]
    rest = given.ConsumeBytes(given.remaining_bytes())
    for cut in cuts:
        bench.send(rest[:cut])
        rest = rest[cut:]
    bench.send(rest)
    bench.leave()


def corpus(target: str) -> list[bytes]:
    from tests.dataplane.http2.test_hostile import FLOODS, STREAM
    from tests.hostile.rows import ROWS

    if target == "http1":
        return [row.sent[:4000] for row in ROWS]
    return [*STREAM.values(), *(said[:4000] for said, _ in FLOODS.values())]


class NoLoop:
    """Lingering connections and flushes look for a loop; here none of it ever comes to pass."""

    def call_soon(self, *_: object) -> None: ...

    def call_later(self, *_: object) -> None: ...


def main() -> None:
    target, *options = sys.argv[1:]
    asyncio.events._set_running_loop(NoLoop())
    with tempfile.TemporaryDirectory(prefix="kfsim-fuzz-") as folder:
        for number, seed in enumerate(corpus(target)):
            Path(folder, f"{number:04}").write_bytes(seed)
        tries = {"http1": try_http1, "http2": try_http2}
        atheris.Setup([sys.argv[0], *options, folder], tries[target])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
