"""Hostile requests: what a client sends, how it is answered, and what may reach a replica.

Each row names the source of its rule. What a refused row sends ends its connection, so the request
that `PROBE` appends is answered only after rows that are served.
"""

from dataclasses import dataclass

PROBE = b"GET /probe HTTP/1.1\r\nHost: iris.default\r\nConnection: close\r\n\r\n"
HOST = b"Host: iris.default\r\n"
_MESSAGE = "RFC 9112"


@dataclass(frozen=True, slots=True)
class Row:
    """`statuses` without those of interim responses; `reaches` are method, target and body;
    `closes` a row that is served and ends its connection."""

    name: str
    source: str
    sent: bytes
    statuses: tuple[int, ...] = (400,)
    reaches: tuple[tuple[bytes, bytes, bytes], ...] = ()
    closes: bool = False

    @property
    def refused(self) -> bool:
        return self.statuses[-1] != 200


def refused(name: str, source: str, sent: bytes, status: int = 400) -> Row:
    return Row(name, source, sent, (status,))


def served(name: str, source: str, sent: bytes, *reaches: tuple[bytes, bytes, bytes]) -> Row:
    return Row(name, source, sent, (200,) * len(reaches), reaches)


def post(headers: bytes, body: bytes = b"", target: bytes = b"/") -> bytes:
    return b"POST %b HTTP/1.1\r\n%b%b\r\n%b" % (target, HOST, headers, body)


def get(headers: bytes = b"", target: bytes = b"/a") -> bytes:
    return b"GET %b HTTP/1.1\r\n%b%b\r\n" % (target, HOST, headers)


def chunks(body: bytes, headers: bytes = b"") -> bytes:
    return post(b"Transfer-Encoding: chunked\r\n" + headers, body)


_SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: iris.default\r\n\r\n"
_RFC_FRAMING = "RFC 9112 section 6.1 and 6.3"
_KETTLE = "Kettle, HTTP Desync Attacks (2019)"

# Both kinds of framing, and codings that one side might not know.
CODINGS = tuple(
    refused(
        f"TE {value!r}", source, post(b"%b\r\nContent-Length: 4\r\n" % value, _SMUGGLED), status
    )
    for value, source, status in (
        (b"Transfer-Encoding: chunked", _RFC_FRAMING, 400),
        (b"transfer-encoding:chunked", _KETTLE, 400),
        (b"Transfer-Encoding:\tchunked", _KETTLE, 400),
        (b"Transfer-Encoding: \tCHUNKED\t", _KETTLE, 400),
        (b"Transfer-Encoding : chunked", "RFC 9112 section 5.1; CVE-2019-16276", 400),
        (b"Transfer-Encoding\t: chunked", "RFC 9112 section 5.1", 400),
        (b" Transfer-Encoding: chunked", "RFC 9112 section 2.2", 400),
        (b"Transfer-Encoding: xchunked", _KETTLE, 400),
        (b"Transfer-Encoding: chunked, identity", "CVE-2021-33193", 400),
        (b"Transfer-Encoding: identity", _RFC_FRAMING, 400),
        (b"X: y\r\nTransfer-Encoding: gzip, chunked", _RFC_FRAMING, 400),
    )
) + tuple(
    refused(f"TE alone {value!r}", source, post(value + b"\r\n", _SMUGGLED), status)
    for value, source, status in (
        (b"Transfer-Encoding: gzip, chunked", "DESIGN 3; RFC 9112 section 6.1", 501),
        (b"Transfer-Encoding: chunked, identity", "CVE-2021-33193", 400),
        (b"Transfer-Encoding: identity", "RFC 9112 section 7 (removed coding)", 400),
        (b"Transfer-Encoding: xchunked", _KETTLE, 400),
        (b"Transfer-Encoding: chunked;q=1", "RFC 9112 section 7", 400),
        (b'Transfer-Encoding: "chunked"', _KETTLE, 400),
        (b"Transfer-Encoding: chunked, chunked", "RFC 9112 section 6.1 (chunked once)", 501),
        (b"Transfer-Encoding: ", _RFC_FRAMING, 501),
        (b"Transfer-Encoding: ,chunked", "CVE-2022-32213", 501),
        (b"Transfer-Encoding: chunked,", "CVE-2022-32213", 400),
        (b"Transfer-Encoding: \x0bchunked", "CVE-2020-8201 (Node)", 400),
        (b"Transfer-Encoding: chunked\x0c", _KETTLE, 400),
        (b"Transfer-Encoding: \xa0chunked", _KETTLE, 501),
        (b"Transfer-Encoding: ch\xc5\xbfunked", "Unicode folds to other letters", 400),
        (b"Transfer-Encoding:\r\n chunked", "CVE-2022-32215 (llhttp)", 400),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", _KETTLE, 400),
        (b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", _KETTLE, 400),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", _RFC_FRAMING, 400),
        (b"Transfer-Encoding: chunked\nContent-Length: 4", "RFC 9112 section 2.2", 400),
        (b"Transfer\x00-Encoding: chunked", "RFC 9110 section 5.6.2", 400),
    )
)
LENGTHS = tuple(
    refused(f"CL {value!r}", source, post(value + b"\r\n", b"body" + _SMUGGLED))
    for value, source in (
        (b"Content-Length: 4\r\nContent-Length: 5", _RFC_FRAMING),
        (b"Content-Length: 4\r\nContent-Length: 4", "RFC 9112 section 6.3 (may refuse)"),
        (b"Content-Length: 4, 4", "RFC 9112 section 6.3 (may refuse)"),
        (b"Content-Length: 4, 5", _RFC_FRAMING),
        (b"Content-Length: +4", "CVE-2018-7159; RFC 9110 section 8.6"),
        (b"Content-Length: -4", "RFC 9110 section 8.6"),
        (b"Content-Length: 4 4", "CVE-2018-7159 (Node)"),
        (b"Content-Length: 0x4", "RFC 9110 section 8.6"),
        (b"Content-Length: 4.0", "RFC 9110 section 8.6"),
        (b"Content-Length: 1_0", "Python's int() takes it"),
        (b"Content-Length: \xb2", "bytes that Unicode calls digits"),
        (b"Content-Length: ", "RFC 9110 section 8.6"),
        (b"Content-Length: 18446744073709551620", "overflow of 64 bits to 4"),
        (b"Content-Length: 9999999999999999999", "overflow of 63 bits"),
        (b"Content-Length : 4", "RFC 9112 section 5.1; CVE-2021-22959"),
        (b"Content-Length\r\n : 4", "RFC 9112 section 5.2"),
        (b"Content-Length: 4\r\n 5", "RFC 9112 section 5.2"),
        (b"Content-Length:\r\n 4", "RFC 9112 section 5.2"),
        (b"Content-Length: 4\rX: y", "RFC 9112 section 2.2"),
    )
)
LINES = (
    refused("folded value", "RFC 9112 section 5.2", get(b"X-A: b\r\n c\r\n")),
    refused("folded by tab", "RFC 9112 section 5.2", get(b"X-A: b\r\n\tc\r\n")),
    refused(
        "folded Host", "RFC 9112 section 5.2", b"GET / HTTP/1.1\r\nHost: iris\r\n .default\r\n\r\n"
    ),
    refused("folded to nothing", "RFC 9112 section 5.2", get(b"X-A:\r\n \r\n")),
    refused(
        "space before the first header",
        "RFC 9112 section 2.2",
        b"GET / HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n",
    ),
    refused("bare CR in a value", "RFC 9112 section 2.2", get(b"X-A: b\rX-B: c\r\n")),
    refused("bare CR before a colon", "RFC 9112 section 2.2", get(b"X-A\r: b\r\n")),
    refused(
        "bare LF after a header",
        "RFC 9112 section 2.2; CVE-2025-22871 (Go)",
        get(b"X-A: b\nX-B: c\r\n"),
    ),
    refused(
        "bare LF after the request line",
        "RFC 9112 section 2.2",
        b"GET / HTTP/1.1\n" + HOST + b"\r\n",
    ),
    refused("bare LF ends the head", "RFC 9112 section 2.2", b"GET / HTTP/1.1\r\n" + HOST + b"\n"),
    refused("CR CR LF", "RFC 9112 section 2.2", get(b"X-A: b\r\r\n")),
    refused("NUL in a value", "RFC 9110 section 5.5", get(b"X-A: b\x00c\r\n")),
    refused("NUL in a name", "RFC 9110 section 5.1", get(b"X-A\x00: b\r\n")),
    refused("escape in a value", "RFC 9110 section 5.5", get(b"X-A: b\x1b[2J\r\n")),
    refused("DEL in a value", "RFC 9110 section 5.5", get(b"X-A: b\x7f\r\n")),
    refused("no name", "RFC 9112 section 5", get(b": b\r\n")),
    refused("no colon", "RFC 9112 section 5", get(b"X-A\r\n")),
    refused("separator in a name", "RFC 9110 section 5.6.2", get(b"X(A): b\r\n")),
    refused("Latin-1 in a name", "RFC 9110 section 5.6.2", get(b"X-\xe9: b\r\n")),
    refused("129 headers", "kfsim limits", get(b"X-A: b\r\n" * 128), 431),
    refused("a head of 65 kB", "kfsim limits", get(b"X-A: " + b"b" * 66_000 + b"\r\n"), 431),
    refused("a target of 65 kB", "kfsim limits", get(target=b"/" + b"a" * 66_000), 431),
    refused("a head without end", "kfsim limits", b"GET /" + b"a" * 400_000, 431),
    served(
        "empty lines before a request",
        "RFC 9112 section 2.2",
        b"\r\n\r\n" + get(),
        (b"GET", b"/a", b""),
    ),
    served(
        "Latin-1 in a value",
        "RFC 9110 section 5.5 (obs-text)",
        get(b"X-A: caf\xe9\r\n"),
        (b"GET", b"/a", b""),
    ),
    served(
        "UTF-8 in a value",
        "RFC 9110 section 5.5 (obs-text)",
        get(b"X-A: \xe2\x98\x83\r\n"),
        (b"GET", b"/a", b""),
    ),
    served("an empty value", "RFC 9110 section 5.5", get(b"X-A:\r\n"), (b"GET", b"/a", b"")),
    served(
        "blanks around a value",
        "RFC 9112 section 5",
        get(b"X-A: \t b \t\r\n"),
        (b"GET", b"/a", b""),
    ),
)
REQUEST_LINES = (
    refused("HTTP/0.9", "DESIGN 3", b"GET /a\r\n", 505),
    refused("HTTP/0.9 by name", "DESIGN 3", b"GET /a HTTP/0.9\r\n" + HOST + b"\r\n", 505),
    refused("HTTP/2.0", "DESIGN 3", b"GET /a HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    refused("HTTP/1.2", "RFC 9112 section 2.3", b"GET /a HTTP/1.2\r\n" + HOST + b"\r\n"),
    refused("HTTP/1.10", "RFC 9112 section 2.3", b"GET /a HTTP/1.10\r\n" + HOST + b"\r\n"),
    refused("http/1.1", "RFC 9112 section 2.3", b"GET /a http/1.1\r\n" + HOST + b"\r\n"),
    refused("ICE/1.0", "llhttp takes it for SOURCE", b"SOURCE /a ICE/1.0\r\n" + HOST + b"\r\n"),
    refused(
        "two spaces before the target",
        "DESIGN 3; RFC 9112 section 3",
        b"GET  /a HTTP/1.1\r\n" + HOST + b"\r\n",
    ),
    refused("two spaces before the version", "DESIGN 3", b"GET /a  HTTP/1.1\r\n" + HOST + b"\r\n"),
    refused(
        "space after the version", "RFC 9112 section 3", b"GET /a HTTP/1.1 \r\n" + HOST + b"\r\n"
    ),
    refused(
        "tab before the target", "RFC 9112 section 3", b"GET\t/a HTTP/1.1\r\n" + HOST + b"\r\n"
    ),
    refused(
        "tab before the version", "RFC 9112 section 3", b"GET /a\tHTTP/1.1\r\n" + HOST + b"\r\n"
    ),
    refused("tab in the target", "RFC 9112 section 3.2", get(target=b"/a\tb")),
    refused("form feed in the target", "RFC 9112 section 3.2", get(target=b"/a\x0cb")),
    refused("space in the target", "RFC 9112 section 3.2", get(target=b"/a b")),
    refused("NUL in the target", "RFC 9112 section 3.2", get(target=b"/a\x00b")),
    refused("CR in the target", "RFC 9112 section 3.2", get(target=b"/a\rb")),
    refused("DEL in the target", "RFC 3986 section 2", get(target=b"/a\x7f")),
    refused("a fragment", "RFC 9112 section 3.2 (no fragment)", get(target=b"/a#b")),
    refused(
        "space before the method", "RFC 9112 section 3", b" GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
    ),
    refused("a lower-case method", "RFC 9110 section 9.1", b"get /a HTTP/1.1\r\n" + HOST + b"\r\n"),
    refused("no method", "RFC 9112 section 3", b"/a HTTP/1.1\r\n" + HOST + b"\r\n"),
    refused(
        "CONNECT",
        "RFC 9110 section 9.3.6",
        b"CONNECT iris.default:80 HTTP/1.1\r\n" + HOST + b"\r\n",
        405,
    ),
    refused("* for GET", "RFC 9112 section 3.2.4", get(target=b"*")),
    refused("authority for GET", "RFC 9112 section 3.2.3", get(target=b"iris.default:80")),
    refused("no slash", "RFC 9112 section 3.2.1", get(target=b"a/b")),
    refused(
        "TLS hello", "what a browser sends to http", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    ),
    served(
        "* for OPTIONS",
        "RFC 9112 section 3.2.4",
        b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
        (b"OPTIONS", b"*", b""),
    ),
    refused("UTF-8 in the target", "RFC 3986 section 2", get(target=b"/\xc3\xbc?q=\xc3\xa9")),
    served("two slashes", "RFC 3986", get(target=b"//evil/a"), (b"GET", b"//evil/a", b"")),
)
HOSTS = (
    refused("no Host", "RFC 9112 section 3.2", b"GET / HTTP/1.1\r\nX: y\r\n\r\n"),
    refused("an empty Host", "RFC 9112 section 3.2", b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    refused("two Hosts", "RFC 9112 section 3.2", get(b"Host: other\r\n")),
    refused("two equal Hosts", "RFC 9112 section 3.2", get(HOST)),
    refused("Host with a space", "DESIGN 3", b"GET / HTTP/1.1\r\nHost: iris.default evil\r\n\r\n"),
    refused(
        "Host before a space and colon",
        "RFC 9112 section 5.1",
        b"GET / HTTP/1.1\r\nHost : iris.default\r\n\r\n",
    ),
    refused("Host with a tab", "DESIGN 3", b"GET / HTTP/1.1\r\nHost: iris.default\tx\r\n\r\n"),
    *(
        refused(
            f"Host {value!r}",
            "RFC 9110 section 7.2; RFC 3986 section 3.2",
            b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % value,
        )
        for value in (
            b"iris.default/a",
            b"user@iris.default",
            b"iris.default,evil",
            b"iris.default?a",
            b"iris.default#a",
            b"iris.default;proto=https",
            b'iris.default"',
            b"iris.default\\a",
            b"iris.default:80:80",
            b"iris.default:x",
            b"iris.d\xc3\xa9fault",
            b"[::1",
            b"<iris.default>",
        )
    ),
    *(
        refused(
            f"absolute {target!r}",
            "RFC 9112 section 3.2.2; RFC 9110 section 4.2.1",
            get(target=target),
        )
        for target in (
            b"http://",
            b"http:///a",
            b"http://user@iris.default/a",
            b"http://iris.default:x/a",
            b"ftp://iris.default/a",
            b"http://iris.default;a/",
            b"http:/iris.default/a",
            b"http://iris.default,evil/a",
        )
    ),
    refused(
        "absolute without Host",
        "RFC 9112 section 3.2 (any request)",
        b"GET http://iris.default/a HTTP/1.1\r\nX: y\r\n\r\n",
    ),
    refused(
        "absolute and two Hosts", "RFC 9112 section 3.2", get(HOST, target=b"http://iris.default/a")
    ),
    served(
        "absolute against Host",
        "RFC 9112 section 3.2.2",
        b"GET http://iris.default/a HTTP/1.1\r\nHost: evil\r\n\r\n",
        (b"GET", b"/a", b""),
    ),
    served(
        "absolute with a query only",
        "RFC 9112 section 3.2.1",
        get(target=b"http://iris.default?q=1"),
        (b"GET", b"/?q=1", b""),
    ),
    served(
        "absolute with nothing",
        "RFC 9112 section 3.2.1",
        get(target=b"HTTP://iris.default:80"),
        (b"GET", b"/", b""),
    ),
)
CHUNKS = tuple(
    refused(f"chunk {body[:30]!r}", source, chunks(body))
    for body, source in (
        (b"-1\r\n\r\n", "RFC 9112 section 7.1"),
        (b"+4\r\nbody\r\n0\r\n\r\n", "RFC 9112 section 7.1"),
        (b"0x4\r\nbody\r\n0\r\n\r\n", "RFC 9112 section 7.1; CVE-2020-11724"),
        (b" 4\r\nbody\r\n0\r\n\r\n", "RFC 9112 section 7.1"),
        (b"4 \r\nbody\r\n0\r\n\r\n", "RFC 9112 section 7.1.1 (no bad whitespace sent)"),
        (b"\r\n4\r\nbody\r\n0\r\n\r\n", "RFC 9112 section 7.1"),
        (b"10000000000000004\r\nbody\r\n0\r\n\r\n", "overflow of 64 bits to 4"),
        (b"fffffffffffffffff\r\n", "overflow of 64 bits"),
        (b"g\r\nbody\r\n0\r\n\r\n", "RFC 9112 section 7.1"),
        (b"4\nbody\r\n0\r\n\r\n", "RFC 9112 section 2.2; CVE-2025-22871 (Go)"),
        (b"4\r\nbodyX0\r\n\r\n", "RFC 9112 section 7.1"),
        (b"4\r\nbody\n0\r\n\r\n", "RFC 9112 section 7.1"),
        (b"4\r\nbody0\r\n\r\n", "RFC 9112 section 7.1"),
        (b"4\rbody\r\n0\r\n\r\n", "RFC 9112 section 2.2"),
        (b"4;a\nb\r\nbody\r\n0\r\n\r\n", "CVE-2025-58056 (TERM.EXT)"),
        (b"4;a\x00b\r\nbody\r\n0\r\n\r\n", "RFC 9112 section 7.1.1"),
        (b"4\r\nbody\r\n0\r\nX-A : b\r\n\r\n", "RFC 9112 section 5.1"),
        (b"4\r\nbody\r\n0\r\nX-A: b\r\n c\r\n\r\n", "RFC 9112 section 5.2"),
        (b"4\r\nbody\r\n0\r\nX-A: b\nX-B: c\r\n\r\n", "RFC 9112 section 2.2"),
        (
            b"4\r\nbody\r\n0\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
            "kfsim limits: trailers are bounded as heads",
        ),
        (
            b"4\r\nbody\r\n0\r\n" + b"X: y\r\n" * 200 + b"\r\n",
            "kfsim limits: trailers are bounded as heads",
        ),
    )
) + tuple(
    served(f"chunked {body[:30]!r}", source, chunks(body), (b"POST", b"/", b"body"))
    for body, source in (
        (b"4\r\nbody\r\n0\r\n\r\n", "RFC 9112 section 7.1"),
        (b"0000000000004\r\nbody\r\n000\r\n\r\n", "RFC 9112 section 7.1: 1*HEXDIG"),
        (b"4;name=value\r\nbody\r\n0;last\r\n\r\n", "DESIGN 3: extensions are dropped"),
        (b'4;name="a;b"\r\nbody\r\n0\r\n\r\n', "RFC 9112 section 7.1.1"),
        (b"1\r\nb\r\n3\r\nody\r\n0\r\nX-A: b\r\n\r\n", "DESIGN 3: trailers are dropped"),
    )
)
FORBIDDEN_TRAILERS = (
    refused(
        "trailers that frame and route",
        "RFC 9110 section 6.5.1",
        chunks(
            b"4\r\nbody\r\n0\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n"
            b"Host: evil\r\n\r\n"
        ),
    ),
)
HOPS = (
    served(
        "Connection: content-length",
        "DESIGN 3",
        post(b"Connection: content-length\r\nContent-Length: 4\r\n", b"body"),
        (b"POST", b"/", b"body"),
    ),
    served(
        "Connection: transfer-encoding",
        "DESIGN 3",
        chunks(b"4\r\nbody\r\n0\r\n\r\n", b"Connection: transfer-encoding\r\n"),
        (b"POST", b"/", b"body"),
    ),
    served("Connection: host", "DESIGN 3", get(b"Connection: host\r\n"), (b"GET", b"/a", b"")),
    served(
        "Connection: x-a",
        "RFC 9110 section 7.6.1",
        get(b"Connection: X-A\r\nX-A: b\r\n"),
        (b"GET", b"/a", b""),
    ),
    served(
        "Connection with nonsense",
        "RFC 9110 section 7.6.1",
        get(b"Connection: ,, ;=, \xff\r\n"),
        (b"GET", b"/a", b""),
    ),
    served(
        "TE: trailers",
        "RFC 9110 section 10.1.4",
        get(b"TE: trailers\r\nTrailer: X-A\r\n"),
        (b"GET", b"/a", b""),
    ),
    served(
        "Upgrade to h2c with a body",
        "RFC 7540 section 3.2; h2c smuggling (2020)",
        post(
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 4\r\n",
            b"body",
        ),
        (b"POST", b"/", b"body"),
    ),
    served(
        "a request as the body of an Upgrade",
        "RFC 9110 section 7.8",
        chunks(
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(get(target=b"/smuggled")), get(target=b"/smuggled")),
            b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        ),
        (b"POST", b"/", get(target=b"/smuggled")),
    ),
    served(
        "Upgrade with a body",
        "RFC 9110 section 7.8",
        post(b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n", b"body"),
        (b"POST", b"/", b"body"),
    ),
    served(
        "Upgrade not named by Connection",
        "RFC 9110 section 7.8",
        get(b"Upgrade: websocket\r\n"),
        (b"GET", b"/a", b""),
    ),
    served(
        "Connection names an absent Upgrade",
        "RFC 9110 section 7.8",
        get(b"Connection: Upgrade\r\n"),
        (b"GET", b"/a", b""),
    ),
    served(
        "Upgrade that the replica does not take",
        "RFC 9110 section 7.8",
        get(b"Connection: Upgrade\r\nUpgrade: websocket\r\n"),
        (b"GET", b"/a", b""),
    ),
    served(
        "many Upgrades in one read",
        "no recursion by requests",
        get(b"Connection: Upgrade\r\nUpgrade: h2c\r\n") * 2500,
        *((b"GET", b"/a", b""),) * 2500,
    ),
    served(
        "Expect with another value",
        "RFC 9110 section 10.1.1",
        get(b"Expect: 200-ok\r\n"),
        (b"GET", b"/a", b""),
    ),
    served(
        "Expect with a body at once",
        "RFC 9110 section 10.1.1",
        post(b"Expect: 100-continue\r\nContent-Length: 4\r\n", b"body"),
        (b"POST", b"/", b"body"),
    ),
    served(
        "Expect without a body",
        "RFC 9110 section 10.1.1",
        get(b"Expect: 100-continue\r\n"),
        (b"GET", b"/a", b""),
    ),
    refused(
        "HTTP/1.0 and Transfer-Encoding",
        "DESIGN 3; RFC 9112 section 6.1",
        b"POST / HTTP/1.0\r\n"
        + HOST
        + b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    served(
        "a request behind keep-alive HTTP/1.0",
        "RFC 9112 appendix C.2.2",
        b"GET /a HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n\r\n",
        (b"GET", b"/a", b""),
    ),
    served(
        "claims of the hops inside",
        "pkg/queue/forwarded_shim.go",
        get(
            b"K-Proxy-Request: activator\r\nX-Forwarded-Host: evil\r\nX-Forwarded-For: 1.2.3.4\r\n"
        ),
        (b"GET", b"/a", b""),
    ),
)
PIPELINES = (
    served(
        "two",
        "RFC 9112 section 9.3.2",
        get() + get(target=b"/b"),
        (b"GET", b"/a", b""),
        (b"GET", b"/b", b""),
    ),
    Row(
        "a bad second request",
        "RFC 9112 section 9.3.2",
        get() + b"GET  /b HTTP/1.1\r\n\r\n",
        (200, 400),
        ((b"GET", b"/a", b""),),
    ),
    Row(
        "a second request without Host",
        "RFC 9112 section 3.2",
        get() + b"GET /b HTTP/1.1\r\n\r\n",
        (200, 400),
        ((b"GET", b"/a", b""),),
    ),
    Row(
        "a second request that ends early",
        "RFC 9112 section 8",
        get() + b"GET /b HTTP/1.1\r\nX-A",
        (200, 400),
        ((b"GET", b"/a", b""),),
    ),
    Row(
        "a request inside a header",
        "a read must not begin a request",
        get() + b"GET /b HTTP/1.1\r\n" + HOST + b"X-A: " + get(target=b"/smuggled"),
        (200, 400),
        ((b"GET", b"/a", b""),),
    ),
    Row(
        "close, then another",
        "RFC 9112 section 9.6",
        get(b"Connection: close\r\n") + get(target=b"/b"),
        (200,),
        ((b"GET", b"/a", b""),),
        closes=True,
    ),
    Row(
        "HTTP/1.0, then another",
        "RFC 9112 section 9.3",
        b"GET /a HTTP/1.0\r\n" + HOST + b"\r\n" + get(),
        (200,),
        ((b"GET", b"/a", b""),),
        closes=True,
    ),
    served(
        "a request in a body",
        _MESSAGE,
        post(b"Content-Length: %d\r\n" % len(get()), get()),
        (b"POST", b"/", get()),
    ),
)
ROWS: tuple[Row, ...] = (
    CODINGS
    + LENGTHS
    + LINES
    + REQUEST_LINES
    + HOSTS
    + CHUNKS
    + FORBIDDEN_TRAILERS
    + HOPS
    + PIPELINES
)
