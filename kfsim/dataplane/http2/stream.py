"""One stream's state and what it still has to send (RFC 9113 sections 5.1 and 5.2)."""

from collections import deque

from kfsim.dataplane.http2.windows import ReceiveWindow, SendWindow


class Stream:
    """Kept by its connection, which reads and writes it. `owner` is whose request it is."""

    __slots__ = (
        "abandoned",
        "expected",
        "full",
        "held_back",
        "id",
        "local_ended",
        "owner",
        "paused",
        "queue",
        "queued",
        "receive",
        "remote_ended",
        "send",
        "to_end",
        "trailers",
    )

    def __init__(self, stream_id: int, owner: object, *, send: int, receive: int) -> None:
        """`send` and `receive` are the windows' first sizes."""
        self.id = stream_id
        self.owner = owner
        self.send = SendWindow(send)
        self.receive = ReceiveWindow(receive)
        self.expected = -1
        """Bytes that its content-length leaves to come; -1 when it announced none."""
        self.queue: deque[bytes] = deque()
        self.queued = 0
        self.full = False
        """Whether who sends on it was told to stop."""
        self.to_end = False
        self.trailers = b""
        self.paused = False
        """Whether who reads from it takes no more."""
        self.held_back = 0
        """Bytes received while it was paused, for which the peer gets no room yet."""
        self.abandoned = False
        """Whether the rest of what the peer sends is of no use: it is told when all was said."""
        self.local_ended = False
        self.remote_ended = False
