"""Bytes of an HTTP/2 peer, taken apart into frames (RFC 9113 sections 4 and 6).

Header blocks are put together from HEADERS and CONTINUATION, padding and priorities taken off, and
what a frame says is checked as far as it can be without knowing the streams. Frames that cost work
and carry nothing are counted against floods.
"""

from abc import ABC, abstractmethod

from kfsim.base.clock import Clock
from kfsim.dataplane.http2 import frames
from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode, StreamFault, describe
from kfsim.dataplane.http2.toll import Toll
from kfsim.dataplane.limits import Limits
from kfsim.dataplane.refusals import Refusal, Refusals


class FrameReader(ABC):
    """The reading half of a connection; the other half says what becomes of it.

    All methods may raise ConnectionFault, and those about a stream StreamFault.
    """

    def __init__(self, *, limits: Limits, clock: Clock, refusals: Refusals) -> None:
        self._limits = limits
        self._refusals = refusals
        self._received = b""
        self._block: list[bytes] = []
        self._block_stream = 0
        self._block_ends = False
        self._block_bytes = 0
        self._control = Toll(limits.control_frames_per_interval, limits.frame_interval, clock)
        self._began = False
        self._over = False
        """Whether the connection has ended, so that nothing more is read."""

    # For the other half to fill in

    @abstractmethod
    def _take_data(self, flags: int, stream_id: int, payload: bytes) -> None: ...

    @abstractmethod
    def _take_block(self, stream_id: int, block: bytes, *, ended: bool) -> None:
        """A whole header block."""

    @abstractmethod
    def _take_window_update(self, stream_id: int, increment: int) -> None: ...

    @abstractmethod
    def _take_reset(self, stream_id: int, code: int) -> None: ...

    @abstractmethod
    def _take_settings(self, payload: bytes) -> None:
        """SETTINGS that are to be acknowledged."""

    @abstractmethod
    def _take_ping(self, payload: bytes) -> None:
        """A PING that is to be acknowledged."""

    @abstractmethod
    def _take_goaway(self, last_stream: int, reason: str) -> None: ...

    @abstractmethod
    def _take_fault(self, stream_id: int, fault: StreamFault) -> None:
        """A frame broke the stream's rules; the connection goes on."""

    # Reading

    def _read(self, data: bytes) -> None:
        position, size = 0, len(data)
        while size - position >= frames.HEADER_SIZE and not self._over:
            length = data[position] << 16 | data[position + 1] << 8 | data[position + 2]
            if length > frames.MAX_FRAME_SIZE:
                raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "a frame is too large")
            end = position + frames.HEADER_SIZE + length
            if end > size:
                break
            kind, flags = data[position + 3], data[position + 4]
            stream_id = int.from_bytes(data[position + 5 : position + 9], "big") & 0x7FFFFFFF
            payload = data[position + frames.HEADER_SIZE : end]
            position = end
            try:
                self._frame(kind, flags, stream_id, payload)
            except StreamFault as fault:
                self._take_fault(stream_id, fault)
        self._received = data[position:] if position < size and not self._over else b""

    def _frame(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        if not self._began:
            if kind != frames.SETTINGS or flags & frames.ACK:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "SETTINGS must come first")
            self._began = True
        if self._block_stream and (kind != frames.CONTINUATION or stream_id != self._block_stream):
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a header block was interrupted")
        if kind == frames.DATA:
            self._take_data(flags, stream_id, payload)
        elif kind == frames.HEADERS:
            self._read_headers(flags, stream_id, payload)
        elif kind == frames.WINDOW_UPDATE:
            increment = frames.read_word(payload, "WINDOW_UPDATE") & 0x7FFFFFFF
            self._take_window_update(stream_id, increment)
        elif kind == frames.RST_STREAM:
            self._take_reset(stream_id, frames.read_word(payload, "RST_STREAM"))
        elif kind == frames.CONTINUATION:
            self._read_continuation(flags, stream_id, payload)
        elif kind == frames.SETTINGS:
            self._read_settings(flags, stream_id, payload)
        elif kind == frames.PING:
            self._read_ping(flags, stream_id, payload)
        elif kind == frames.GOAWAY:
            self._read_goaway(stream_id, payload)
        elif kind == frames.PRIORITY:
            self._read_priority(stream_id, payload)
        elif kind == frames.PUSH_PROMISE:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE is not allowed")
        # Other kinds are ignored (section 5.5).

    def _read_headers(self, flags: int, stream_id: int, payload: bytes) -> None:
        if stream_id == 0:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "HEADERS without a stream")
        block = frames.take_padding(flags, payload) if flags & frames.PADDED else payload
        fault: StreamFault | None = None
        if flags & frames.PRIORITIZED:
            try:
                frames.check_priority(stream_id, block)
            except StreamFault as found:
                fault = found
            block = block[5:]
        ends = bool(flags & frames.END_STREAM)
        if flags & frames.END_HEADERS:
            self._take_block(stream_id, block, ended=ends)
        else:
            self._block_stream, self._block_ends = stream_id, ends
            self._block, self._block_bytes = [block], len(block)
        if fault is not None:  # only now: the block has changed the table
            raise fault

    def _read_continuation(self, flags: int, stream_id: int, payload: bytes) -> None:
        if not self._block_stream:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "CONTINUATION without HEADERS")
        self._block.append(payload)
        self._block_bytes += len(payload)
        if (
            len(self._block) > self._limits.continuation_frames + 1
            or self._block_bytes > self._limits.header_list_bytes
        ):
            self._refusals.note(Refusal.CONTINUATIONS)
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "a header block is too long")
        if flags & frames.END_HEADERS:
            block, self._block = b"".join(self._block), []
            self._block_stream = 0
            self._take_block(stream_id, block, ended=self._block_ends)

    def _read_settings(self, flags: int, stream_id: int, payload: bytes) -> None:
        if stream_id:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "SETTINGS on a stream")
        if not flags & frames.ACK:
            self._count_control()
            self._take_settings(payload)
        elif payload:
            raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "an acknowledgement says more")

    def _read_ping(self, flags: int, stream_id: int, payload: bytes) -> None:
        if stream_id:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "PING on a stream")
        if len(payload) != 8:
            raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "PING needs 8 bytes")
        if not flags & frames.ACK:
            self._count_control()
            self._take_ping(payload)

    def _read_goaway(self, stream_id: int, payload: bytes) -> None:
        if stream_id:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "GOAWAY on a stream")
        last, code, said = frames.read_goaway(payload)
        self._take_goaway(last, f"it said GOAWAY ({describe(code)}{': ' if said else ''}{said})")

    def _read_priority(self, stream_id: int, payload: bytes) -> None:
        if stream_id == 0:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "PRIORITY without a stream")
        self._count_control()
        if len(payload) != 5:
            raise StreamFault(ErrorCode.FRAME_SIZE_ERROR, "PRIORITY needs 5 bytes")
        frames.check_priority(stream_id, payload)

    def _count_control(self) -> None:
        if not self._control.pay():
            self._refusals.note(Refusal.CONTROL_FRAMES)
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many frames that carry nothing")
