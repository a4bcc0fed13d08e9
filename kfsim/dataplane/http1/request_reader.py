"""A client's bytes, taken apart into requests by llhttp, with what llhttp lets pass refused.

The rules beyond llhttp's: one space between the parts of a request line, a bound on heads and
trailers, and bodies behind an Upgrade, which llhttp takes for another protocol.
"""

from abc import abstractmethod
from typing import Any

import httptools

from kfsim.dataplane.downstream import Downstream
from kfsim.dataplane.heads import BadHead, Framing, RawHeader
from kfsim.dataplane.plane import Plane
from kfsim.dataplane.refusals import Refusal
from kfsim.dataplane.requests import RequestHead, parse_request_head


class RequestReader(Downstream):
    """The reading half of a client's connection; the other half runs what was read."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._stopped = False
        """Whether nothing more is read."""
        self._parser: Any = None
        self._url = b""
        self._headers: list[RawHeader] = []
        self._head_bytes = 0
        self._raw = b""
        """What the present head is in, with whatever else that was read at once."""
        self._first_in_raw = False
        self._raw_seen = 0  # up to where the request lines in it have been found
        self._head_begun = False
        self._trailers = 0
        self._trailer_bytes = 0
        self._barren_bytes = 0
        self._body_behind: RequestHead | None = None
        """A request whose body llhttp takes for another protocol, until a parser stands at it."""
        self._priming = False
        self._in_head = True
        self._new_parser()

    # For the other half to fill in

    @abstractmethod
    def _take_head(self, head: RequestHead) -> None: ...

    @abstractmethod
    def _take_body(self, data: bytes) -> None: ...

    @abstractmethod
    def _take_end(self) -> None:
        """The request is complete."""

    @abstractmethod
    def _take_rest(self, rest: bytes) -> bytes | None:
        """What follows a request that asked for another protocol. None: it is in HTTP/1.1; else it
        was taken, but for what is given back to be read now."""

    @abstractmethod
    def _refuse(self, status: int, reason: str) -> None:
        """Nothing after this point can be read."""

    # Reading

    def _new_parser(self) -> None:
        self._parser = httptools.HttpRequestParser(self)

    def _read(self, data: bytes) -> None:
        if self._head_begun:
            self._raw += data
        else:
            self._raw, self._first_in_raw, self._raw_seen = data, self._in_head, 0
        if self._in_head:
            self._head_bytes += len(data)
        else:
            self._barren_bytes += len(data)
        self._feed(data)
        self._check_barren()

    def _feed(self, data: bytes) -> None:
        while data and not self._stopped:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = self._behind_upgrade(data[upgrade.args[0] :])
            except httptools.HttpParserError as error:
                self._refuse(400, f"the request is not valid HTTP/1.1 ({error})")
                return

    def _behind_upgrade(self, rest: bytes) -> bytes:
        """llhttp stops behind a request with an Upgrade. Gives what is to be read now."""
        if self._body_behind is not None:
            self._read_body_of(self._body_behind)
            return rest
        taken = self._take_rest(rest)
        if taken is not None:
            return taken
        self._begin_again(rest)
        return rest

    def _begin_again(self, rest: bytes) -> None:
        """A request begins where `rest` does."""
        self._new_parser()
        self._raw, self._first_in_raw = rest, True

    def _read_body_of(self, head: RequestHead) -> None:
        """llhttp ends a request with an Upgrade at its head, body or not. Where there is one, the
        Upgrade is ignored (RFC 9110 section 7.8 allows it): a parser that has read a head with the
        same framing goes on with the body, which would else be read as the next request."""
        self._body_behind = None
        self._new_parser()
        chunked = head.framing is Framing.CHUNKED
        framed = (
            b"Transfer-Encoding: chunked"
            if chunked
            else b"Content-Length: %d" % head.content_length
        )
        self._priming = True
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % framed)
        self._priming = False

    # httptools

    def on_message_begin(self) -> None:
        if self._priming:
            return
        self._head_begun = True
        self._url = b""
        self._headers = []
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        if not self._priming:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            self._headers.append((name, value))
        elif not self._priming:
            self._count_trailer(len(name) + len(value))

    def on_headers_complete(self) -> None:
        if self._stopped or self._priming:
            return
        self._in_head = self._head_begun = False
        self._trailers = self._trailer_bytes = self._barren_bytes = 0
        parser = self._parser
        try:
            self._check_size()
            self._check_line()
            head = parse_request_head(
                parser.get_method(),
                self._url,
                parser.get_http_version(),
                self._headers,
                keep_alive=parser.should_keep_alive(),
            )
        except BadHead as error:
            self._refuse(error.status, error.reason)
            return
        if head.framing is not Framing.NONE and parser.should_upgrade():
            self._body_behind = head
        self._take_head(head)

    def on_body(self, data: bytes) -> None:
        self._barren_bytes = 0
        self._take_body(data)

    def on_message_complete(self) -> None:
        if self._body_behind is None:
            self._in_head = True
            self._take_end()

    # Checking

    def _count_trailer(self, size: int) -> None:
        """Trailers are dropped, and bounded as heads are."""
        self._trailers += 1
        self._trailer_bytes += size
        limits = self._plane.limits
        if self._trailers > limits.headers or self._trailer_bytes > limits.head_bytes:
            counted = Refusal.HEADER_COUNT if self._trailers > limits.headers else Refusal.HEAD_SIZE
            self._plane.refusals.note(counted)
            self._refuse(400, "the request has too many trailers")

    def _check_barren(self) -> None:
        """Chunk extensions and trailers that never end bring nothing of a body, and the parser
        keeps a trailer until it is whole (CVE-2023-39326 of Go)."""
        limits = self._plane.limits
        if self._in_head or self._stopped or self._barren_bytes <= limits.head_bytes:
            return
        self._plane.refusals.note(Refusal.HEAD_SIZE)
        self._refuse(400, f"over {limits.head_bytes} bytes of chunk extensions or trailers")

    def _check_line(self) -> None:
        """llhttp takes several spaces between the parts of a request line, and other protocols'
        names: what goes upstream would be unlike what came. The line is looked for in what was
        read, since llhttp does not tell where it was."""
        parser = self._parser
        line = b"%b %b HTTP/%b\r\n" % (
            parser.get_method(),
            self._url,
            parser.get_http_version().encode(),
        )
        raw, first, self._first_in_raw = self._raw, self._first_in_raw, False
        if first:
            start = len(raw) - len(raw.lstrip(b"\r\n"))
            found = start if raw.startswith(line, start) else -1
        else:
            found = raw.find(line, self._raw_seen)
        self._raw_seen = found + len(line)
        if found < 0:
            raise BadHead(400, "the request line is not METHOD TARGET HTTP/1.1, one space between")

    def _check_size(self) -> None:
        limits = self._plane.limits
        received, self._head_bytes = self._head_bytes, 0
        if len(self._headers) > limits.headers:
            self._plane.refusals.note(Refusal.HEADER_COUNT)
            raise BadHead(431, f"more than {limits.headers} headers")
        # What was received holds more than the head, so it is measured only when it is suspect.
        if max(received, len(self._raw)) > limits.head_bytes:
            size = len(self._url) + sum(len(name) + len(value) for name, value in self._headers)
            if size > limits.head_bytes:
                self._plane.refusals.note(Refusal.HEAD_SIZE)
                raise BadHead(431, f"the request head exceeds {limits.head_bytes} bytes")
