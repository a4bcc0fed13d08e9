"""What the limits have refused, counted by which limit it was."""

from enum import StrEnum


class Refusal(StrEnum):
    """The limit that was in the way."""

    CONNECTIONS = "connections"  # one more than may be open
    HEAD_SIZE = "head_size"
    HEADER_COUNT = "header_count"
    SLOW_HEAD = "slow_head"
    IDLE = "idle"  # a connection without a request for too long
    BUFFERED_BYTES = "buffered_bytes"  # all connections and requests hold too much together
    UNREAD_BODY = "unread_body"  # a body went on, or stayed away, after its request was answered
    STREAMS = "streams"  # HTTP/2: one more than may be open on the connection
    CONTINUATIONS = "continuations"
    RESETS = "resets"
    CONTROL_FRAMES = "control_frames"


class Refusals:
    """Counts since the gateway's start."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts = dict.fromkeys(Refusal, 0)

    def note(self, refusal: Refusal) -> None:
        """A connection or a request was refused, cut or closed because of it."""
        self.counts[refusal] += 1
