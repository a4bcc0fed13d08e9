"""What both ends of an HTTP/2 connection do alike: frames in, frames out, windows, settings.

`Link` reads frames, keeps the rules of RFC 9113 and the limits against peers that mean harm, and
tells its subclass of headers, data and ends of streams. What is sent waits in `Stream.queue` while
a window or the transport has no room, and whoever sends is told to pause; what is received gives
the peer new room once it was taken. No frame is larger than MAX_FRAME_SIZE, in either direction.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Final, cast

from kfsim.base.clock import Clock
from kfsim.dataplane.heads import RawHeader
from kfsim.dataplane.http2 import frames
from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode, StreamFault, describe
from kfsim.dataplane.http2.flusher import Flusher
from kfsim.dataplane.http2.header_blocks import BlockDecoder, BlockEncoder
from kfsim.dataplane.http2.outgoing import Outgoing
from kfsim.dataplane.http2.reader import FrameReader
from kfsim.dataplane.http2.settings import Setting, Settings
from kfsim.dataplane.http2.stream import Stream
from kfsim.dataplane.http2.toll import Toll
from kfsim.dataplane.http2.windows import FIRST, ReceiveWindow, SendWindow
from kfsim.dataplane.limits import Limits
from kfsim.dataplane.refusals import Refusal, Refusals

STREAM_WINDOW: Final = 256 * 1024
CONNECTION_WINDOW: Final = 1024 * 1024
_HIGH_WATER: Final = 64 * 1024
_REMEMBERED_RESETS: Final = 1024


class Link(FrameReader):
    """One connection; `server` tells which end of it this is."""

    def __init__(
        self,
        *,
        limits: Limits,
        clock: Clock,
        refusals: Refusals,
        encoder: BlockEncoder,
        flusher: Flusher,
        server: bool,
    ) -> None:
        super().__init__(limits=limits, clock=clock, refusals=refusals)
        self._encoder = encoder
        self._flusher = flusher
        self._outgoing = Outgoing(flusher)
        self._server = server
        self._decoder = BlockDecoder(most_bytes=limits.header_list_bytes)
        self._peer = Settings()
        self._send = SendWindow()
        self._receive = ReceiveWindow(CONNECTION_WINDOW)
        self._streams: dict[int, Stream] = {}
        self._waiting: dict[Stream, None] = {}
        """Streams with something queued, in the order in which they have their turn."""
        self._newest = 0
        """The largest stream that was seen."""
        self._accepted = 0
        """The largest that was taken, as GOAWAY tells it."""
        self._reset: dict[int, None] = {}
        """Streams that were reset from here, whose last frames may still come."""
        self._blocked = False
        self._leaving = False
        self._resets = Toll(limits.resets_per_interval, limits.frame_interval, clock)
        self._transport: Any = None
        self._reads = 0

    # For the subclass to fill in

    @abstractmethod
    def _headers(
        self, stream_id: int, stream: Stream | None, fields: tuple[RawHeader, ...], *, ended: bool
    ) -> None:
        """A whole header block; `stream` is None for one that is not open. May raise faults."""

    @abstractmethod
    def _data(self, stream: Stream, data: bytes) -> None: ...

    @abstractmethod
    def _ended(self, stream: Stream, trailers: Sequence[RawHeader]) -> None:
        """The peer's side of the stream is complete."""

    @abstractmethod
    def _lost(self, stream: Stream, reason: str, *, unprocessed: bool) -> None:
        """It was reset or its connection is gone; `unprocessed`: the peer did nothing of it."""

    @abstractmethod
    def _full(self, stream: Stream) -> None: ...

    @abstractmethod
    def _drained(self, stream: Stream) -> None: ...

    @abstractmethod
    def _forgotten(self) -> None:
        """A stream has ended and left."""

    @abstractmethod
    def _gone(self) -> None:
        """The connection is closed; its streams were told."""

    def _take_goaway(self, last_stream: int, reason: str) -> None:
        """Nothing, where the peer opens the streams."""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._outgoing.attach(made)
        made.set_write_buffer_limits(high=self._limits.write_high_water)
        self._introduce()

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        self._reads += 1
        self._flusher.enter()
        try:
            self._read(self._received + data if self._received else data)
        except ConnectionFault as fault:
            self._fail(fault.code, fault.reason)
        finally:
            self._flusher.leave()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._pump_all()

    def connection_lost(self, exc: Exception | None) -> None:
        self._over = True
        self._received = b""
        self._lose_all("the connection was closed", after=0)
        self._gone()

    # Writing

    def _emit(self, frame: bytes) -> None:
        self._outgoing.emit(frame)

    def _introduce(self) -> None:
        values = [
            (Setting.INITIAL_WINDOW_SIZE, STREAM_WINDOW),
            (Setting.MAX_HEADER_LIST_SIZE, self._limits.header_list_bytes),
        ]
        if self._server:
            values.append((Setting.MAX_CONCURRENT_STREAMS, self._limits.max_streams))
        else:
            self._emit(frames.PREFACE)
            values.append((Setting.ENABLE_PUSH, 0))
        self._emit(frames.make_settings(values))
        self._emit(frames.make_window_update(0, CONNECTION_WINDOW - FIRST))

    def _open(self, stream_id: int, owner: object) -> Stream:
        stream = Stream(stream_id, owner, send=self._peer.initial_window, receive=STREAM_WINDOW)
        self._streams[stream_id] = stream
        return stream

    def send_headers(self, stream: Stream, block: bytes, *, end: bool = False) -> None:
        self._emit(frames.make_headers(stream.id, block, end=end))
        if end:
            self._end_local(stream)

    def send_data(self, stream: Stream, data: bytes) -> None:
        """Now, or when there is room for it."""
        if not data or stream.local_ended:
            return
        stream.queue.append(data)
        stream.queued += len(data)
        self._pump(stream)

    def send_end(self, stream: Stream, trailers: bytes = b"") -> None:
        """Behind what is queued; `trailers` is an encoded block."""
        if stream.local_ended:
            return
        stream.to_end = True
        stream.trailers = trailers
        self._pump(stream)

    def send_last(self, stream: Stream, data: bytes) -> None:
        """The rest of the body and its end, in one frame if there is room."""
        stream.to_end = True
        if data:
            stream.queue.append(data)
            stream.queued += len(data)
        self._pump(stream)

    def reset(self, stream: Stream, code: ErrorCode) -> None:
        """Break it off, without a word to its owner."""
        if self._streams.pop(stream.id, None) is None:
            return
        self._waiting.pop(stream, None)
        self._remember_reset(stream.id)
        self._emit(frames.make_reset(stream.id, code))
        self._release_held_back(stream)
        stream.local_ended = stream.remote_ended = True
        self._forgotten()

    def pause(self, stream: Stream) -> None:
        """Give the peer no more room on it until `resume`."""
        stream.paused = True

    def resume(self, stream: Stream) -> None:
        stream.paused = False
        held_back, stream.held_back = stream.held_back, 0
        if held_back:
            self._give_back(stream, held_back, to_stream=True)

    def _pump(self, stream: Stream) -> None:
        """Send what there is room for."""
        queue = stream.queue
        while queue and not self._blocked:
            part = queue[0]
            room = min(stream.send.left, self._send.left, frames.MAX_FRAME_SIZE)
            if room <= 0:
                break
            if len(part) > room:
                queue[0], part = part[room:], part[:room]
            else:
                queue.popleft()
            stream.queued -= len(part)
            stream.send.spend(len(part))
            self._send.spend(len(part))
            last = stream.to_end and not queue and not stream.trailers
            self._emit(frames.make_data(stream.id, part, end=last))
            if last:
                self._end_local(stream)
        if queue:
            self._waiting[stream] = None
        else:
            self._waiting.pop(stream, None)
            if stream.to_end and not stream.local_ended:
                self._send_end_alone(stream)
        self._tell_room(stream)

    def _send_end_alone(self, stream: Stream) -> None:
        if stream.trailers:
            self._emit(frames.make_headers(stream.id, stream.trailers, end=True))
        else:
            self._emit(frames.make_data(stream.id, b"", end=True))
        self._end_local(stream)

    def _tell_room(self, stream: Stream) -> None:
        if not stream.full and stream.queued > _HIGH_WATER:
            stream.full = True
            self._full(stream)
        elif stream.full and stream.queued * 2 <= _HIGH_WATER:
            stream.full = False
            self._drained(stream)

    def _pump_all(self) -> None:
        for stream in tuple(self._waiting):
            if self._blocked or self._send.left <= 0:
                break
            del self._waiting[stream]  # those that have more to send go behind the others
            self._pump(stream)

    def _end_local(self, stream: Stream) -> None:
        stream.local_ended = True
        if stream.remote_ended:
            self._forget(stream)
        elif stream.abandoned:
            self.reset(stream, ErrorCode.NO_ERROR)

    def abandon(self, stream: Stream) -> None:
        """What the peer still sends is useless (section 8.1); it hears so after our last frame."""
        stream.abandoned = True
        if stream.local_ended and not stream.remote_ended:
            self.reset(stream, ErrorCode.NO_ERROR)

    def _end_remote(self, stream: Stream, trailers: Sequence[RawHeader]) -> None:
        if stream.expected > 0:
            raise StreamFault(ErrorCode.PROTOCOL_ERROR, "the body is shorter than content-length")
        stream.remote_ended = True
        if stream.local_ended:
            self._forget(stream)
        self._ended(stream, trailers)

    def _forget(self, stream: Stream) -> None:
        if self._streams.pop(stream.id, None) is not None:
            self._waiting.pop(stream, None)
            self._release_held_back(stream)
            self._forgotten()

    def _release_held_back(self, stream: Stream) -> None:
        """The stream is over: what it held of the connection's window is the others' again."""
        held_back, stream.held_back = stream.held_back, 0
        if held_back:
            self._give_back(None, held_back, to_stream=False)

    def _remember_reset(self, stream_id: int) -> None:
        if len(self._reset) >= _REMEMBERED_RESETS:
            del self._reset[next(iter(self._reset))]
        self._reset[stream_id] = None

    def leave(self, code: ErrorCode = ErrorCode.NO_ERROR, reason: str = "") -> None:
        """Say that no more streams are taken; those that are open go on."""
        if not self._leaving and not self._over:
            self._leaving = True
            self._emit(frames.make_goaway(self._accepted, code, reason))

    def _fail(self, code: ErrorCode, reason: str) -> None:
        """End it at once, and say why."""
        if self._over:
            return
        self._over = True
        self._emit(frames.make_goaway(self._accepted, code, reason))
        self._outgoing.flush()
        self._transport.close()
        self._lose_all(reason, after=0)

    def _lose_all(self, reason: str, *, after: int, unprocessed: bool = False) -> None:
        """Streams with larger numbers than `after` are lost."""
        lost = [stream for stream in self._streams.values() if stream.id > after]
        for stream in lost:
            del self._streams[stream.id]
            self._waiting.pop(stream, None)
            self._release_held_back(stream)
            stream.local_ended = stream.remote_ended = True
            self._lost(stream, reason, unprocessed=unprocessed)

    # Reading

    def _take_fault(self, stream_id: int, fault: StreamFault) -> None:
        """The stream is broken off, its owner told; peers that cause many are sent away."""
        self._count_reset()
        stream = self._streams.get(stream_id)
        if stream is not None:
            self.reset(stream, fault.code)
            self._lost(stream, fault.reason, unprocessed=False)
        else:
            self._remember_reset(stream_id)
            self._emit(frames.make_reset(stream_id, fault.code))

    def _is_idle(self, stream_id: int) -> bool:
        """Whether nobody has opened it yet."""
        own = bool(stream_id % 2) is not self._server
        return stream_id > self._newest if own is not self._server else True

    def _need_stream(self, stream_id: int) -> Stream | None:
        """The open stream; None for one that is closed."""
        stream = self._streams.get(stream_id)
        if stream is None and (stream_id == 0 or self._is_idle(stream_id)):
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a frame on a stream that is idle")
        return stream

    def _take_data(self, flags: int, stream_id: int, payload: bytes) -> None:
        stream = self._need_stream(stream_id)
        size = len(payload)
        self._receive.take(size)
        data = frames.take_padding(flags, payload) if flags & frames.PADDED else payload
        if stream is None or stream.remote_ended:
            self._give_back(None, size, to_stream=False)
            if stream_id not in self._reset:
                raise StreamFault(ErrorCode.STREAM_CLOSED, "DATA on a closed stream")
            return
        stream.receive.take(size)
        ended = bool(flags & frames.END_STREAM)
        try:
            self._pass_on(stream, data, ended=ended)
        except StreamFault:  # what is thrown away was taken as well
            self._give_back(None, size, to_stream=False)
            raise
        if stream.paused and not stream.remote_ended:  # it may have been broken off meanwhile
            stream.held_back += size
        else:
            self._give_back(stream, size, to_stream=not ended)
        if ended and not stream.remote_ended:
            self._end_remote(stream, ())

    def _pass_on(self, stream: Stream, data: bytes, *, ended: bool) -> None:
        if stream.expected >= 0:
            stream.expected -= len(data)
            if stream.expected < 0:
                raise StreamFault(ErrorCode.PROTOCOL_ERROR, "the body exceeds content-length")
        if data:
            self._data(stream, data)
        elif not ended:
            self._count_control()

    def _give_back(self, stream: Stream | None, size: int, *, to_stream: bool) -> None:
        """Bytes were taken: the peer may send as many again."""
        increment = self._receive.give_back(size)
        if increment:
            self._emit(frames.make_window_update(0, increment))
        if stream is not None and to_stream and not stream.remote_ended:
            increment = stream.receive.give_back(size)
            if increment:
                self._emit(frames.make_window_update(stream.id, increment))

    def _take_block(self, stream_id: int, block: bytes, *, ended: bool) -> None:
        try:
            fields = self._decoder.decode(block)
        except ConnectionFault as fault:
            if fault.code is ErrorCode.ENHANCE_YOUR_CALM:
                self._refusals.note(Refusal.HEAD_SIZE)
            raise
        stream = self._streams.get(stream_id)
        if stream is not None and stream.remote_ended:
            raise StreamFault(ErrorCode.STREAM_CLOSED, "HEADERS on a stream that has ended")
        if stream is None and stream_id in self._reset:
            return
        self._headers(stream_id, stream, fields, ended=ended)

    def _take_window_update(self, stream_id: int, increment: int) -> None:
        if stream_id == 0:
            if increment == 0:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of nothing")
            if not self._send.grow(increment):
                raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "the window is too large")
            self._pump_all()
            return
        stream = self._need_stream(stream_id)
        if stream is None:
            return
        if increment == 0:
            raise StreamFault(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of nothing")
        if not stream.send.grow(increment):
            raise StreamFault(ErrorCode.FLOW_CONTROL_ERROR, "the window is too large")
        if stream.queue:
            self._pump(stream)

    def _take_reset(self, stream_id: int, code: int) -> None:
        stream = self._need_stream(stream_id)
        if self._server:
            self._count_reset()
        if stream is None:
            return
        stream.local_ended = stream.remote_ended = True
        self._forget(stream)
        refused = code == ErrorCode.REFUSED_STREAM
        self._lost(stream, f"the stream was reset ({describe(code)})", unprocessed=refused)

    def _take_settings(self, payload: bytes) -> None:
        self.apply_settings(payload)
        self._emit(frames.SETTINGS_ACK)

    def _take_ping(self, payload: bytes) -> None:
        self._emit(frames.make_ping(payload, ack=True))

    def apply_settings(self, payload: bytes) -> None:
        """What the peer asks for."""
        before = self._peer.initial_window
        self._peer.update(frames.read_settings(payload))
        change = self._peer.initial_window - before
        if change:
            for stream in self._streams.values():
                if not stream.send.grow(change):
                    raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "a window is too large")
            self._pump_all()

    def _count_reset(self) -> None:
        if not self._resets.pay():
            self._refusals.note(Refusal.RESETS)
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many streams were reset")
