"""Whatever comes, in whatever pieces: nothing is raised, nothing is lost, nothing is made up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfsim.dataplane.limits import Limits
from tests.hostile.benches import Bench
from tests.hostile.rows import ROWS

pytestmark = pytest.mark.usefixtures("loop")


@pytest.fixture(scope="module")
def loop():
    """Lingering connections set timers, which never fire here."""
    import asyncio

    made = asyncio.new_event_loop()
    asyncio.events._set_running_loop(made)
    yield
    asyncio.events._set_running_loop(None)
    made.close()


@st.composite
def pieces(draw, data):
    cuts = sorted(draw(st.sets(st.integers(0, len(data)), max_size=8)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a != b]


LINES = (
    b"GET / HTTP/1.1\r\n", b"Host: iris.default\r\n", b"\r\n", b"0\r\n\r\n", b"Upgrade: h2c\r\n",
    b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b" ", b"\r",
    b"\n",
)  # fmt: skip
SCRAPS = st.lists(
    st.one_of(
        st.sampled_from([row.sent[:2000] for row in ROWS]),
        st.sampled_from(LINES),
        st.binary(max_size=20),
    ),
    max_size=6,
).map(b"".join)


@settings(max_examples=300)
@given(st.data())
def test_any_bytes_in_any_pieces(data):
    sent = data.draw(SCRAPS)
    reads = data.draw(pieces(sent))
    bench = Bench()
    bench.send(*reads)  # the replica reads strictly, and fails on what is ambiguous
    bench.leave()  # the books are in balance
    whole = Bench()
    whole.send(sent)
    whole.leave()
    short, long = sorted((bench.seen, whole.seen), key=len)
    assert long[: len(short)] == short  # cut elsewhere, the same requests as far as they go


TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8).map(
    lambda s: f"x-{s}".encode()
)
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12).map(str.encode)
TARGETS = st.text("abc/._-~%2?=&", max_size=12).map(lambda text: f"/{text}".encode())


@st.composite
def requests(draw):
    method = draw(st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS"]))
    target = draw(TARGETS)
    fields = draw(st.lists(st.tuples(TOKENS, VALUES), max_size=4))
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    body = draw(st.binary(max_size=40)) if method in (b"POST", b"PUT", b"PATCH") else b""
    head = b"%b %b HTTP/1.1\r\nHost: iris.default\r\n%b" % (method, target, lines)
    if body and draw(st.booleans()):
        cut = draw(st.integers(0, len(body)))
        parts = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (body[:cut], body[cut:]) if p)
        sent = head + b"Transfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"
    elif body:
        sent = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    else:
        sent = head + b"\r\n"
    return (method, target, body, fields), sent


@settings(max_examples=200)
@given(st.lists(requests(), min_size=1, max_size=5), st.data())
def test_what_is_valid_arrives_as_it_was(asked, data):
    sent = b"".join(each for _, each in asked)
    bench = Bench()
    bench.send(*data.draw(pieces(sent)))
    assert len(bench.seen) == len(asked)
    for (method, target, body, fields), seen in zip(
        [each for each, _ in asked], bench.seen, strict=True
    ):
        assert (seen.method, seen.target, seen.body) == (method, target, body)
        own = [field for field in seen.fields if field[0].startswith(b"x-")]
        assert [field for field in own if field in fields] == fields
    assert bench.received.count(b"HTTP/1.1 200 OK") == len(asked)
    bench.leave()


def test_the_bench_has_the_limits_of_a_gateway():
    assert Bench().limits == Limits()
