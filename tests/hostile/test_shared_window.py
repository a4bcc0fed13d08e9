"""The window that streams of a connection share is whole again once they are over."""

import asyncio

import hpack
import pytest

from kfsim.base.types import RevisionTarget, ServiceMode
from kfsim.dataplane.http2 import frames
from kfsim.dataplane.http2.link import CONNECTION_WINDOW
from kfsim.dataplane.http2.server import ClientLink
from tests.hostile.benches import REVISION, Bench

HEAD = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/"),
    (b":authority", b"iris.default"),
]


@pytest.fixture
def bench():
    """A connection whose requests are all held; nothing ever comes to pass on its loop."""
    asyncio.events._set_running_loop(loop := asyncio.new_event_loop())
    bench = Bench(make_client=lambda *parts: ClientLink(*parts, None))
    held = RevisionTarget(revision=REVISION, mode=ServiceMode.PROXY)
    bench.plane.flow.update(held, bench.plane.clock.now())
    bench.send(frames.PREFACE + frames.make_settings(()))
    yield bench
    bench.leave()
    asyncio.events._set_running_loop(None)
    loop.close()


def left(bench):
    window = bench.client._receive
    return window._left + window._owed


def upload(stream, *, parts=6, length=None):
    more = [] if length is None else [(b"content-length", b"%d" % length)]
    head = frames.make_headers(stream, hpack.Encoder().encode([*HEAD, *more]), end=False)
    return head + frames.make_data(stream, bytes(16384), end=False) * parts


def test_a_stream_that_is_reset_while_it_is_paused(bench):
    bench.send(upload(1))
    assert left(bench) < CONNECTION_WINDOW
    bench.send(frames.make_reset(1, 8))
    assert left(bench) == CONNECTION_WINDOW


def test_a_stream_that_is_refused_by_its_last_bytes(bench):
    bench.send(upload(1, parts=5))
    bench.plane.buffered._limit = 6 * 16384 - 1
    bench.send(frames.make_data(1, bytes(16384), end=False))
    assert bench.client.open_streams() == 0
    assert left(bench) == CONNECTION_WINDOW


def test_a_body_that_is_longer_than_announced(bench):
    bench.send(upload(1, parts=1, length=10))
    assert bench.client.open_streams() == 0
    assert left(bench) == CONNECTION_WINDOW


def test_frames_behind_a_reset(bench):
    bench.send(upload(1, length=10, parts=4))
    assert left(bench) == CONNECTION_WINDOW
