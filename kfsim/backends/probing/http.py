"""httpGet probes: any answer from 200 to 399 passes (kubelet's pkg/probe/http).

Redirects are followed where they stay on the probed host; one that leads elsewhere ends the probe
and passes, as in kubelet's RedirectChecker. Certificates are not verified.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import SplitResult, urljoin, urlsplit

import httptools

from kfsim.api.core import HTTPGetAction
from kfsim.backends.probing.dialing import describe_dialing, describe_error, dial
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import ProbeResult

USER_AGENT = "kube-probe/1.32"
_MOST_REDIRECTS = 10
_MOST_BODY = 10 * 1024
_MOST_HEAD = 64 * 1024
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


async def probe_http(
    action: HTTPGetAction,
    address: Address,
    *,
    resolve: Callable[[int | str | None], Address | None],
    timeout: float,
) -> ProbeResult:
    """GET within `timeout` seconds; `resolve` finds the ports that redirects name."""
    url = _make_url(action, address)
    try:
        async with asyncio.timeout(timeout):
            return await _follow(action, url, address, resolve)
    except TimeoutError:
        late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return ProbeResult(success=False, message=f'Get "{url}": {late}')


def _make_url(action: HTTPGetAction, address: Address) -> str:
    scheme = "https" if (action.scheme or "HTTP").upper() == "HTTPS" else "http"
    path = action.path or "/"
    path = path if path.startswith("/") else "/" + path
    return f"{scheme}://{action.host or address.host}:{address.port}{path}"


async def _follow(
    action: HTTPGetAction,
    url: str,
    address: Address,
    resolve: Callable[[int | str | None], Address | None],
) -> ProbeResult:
    probed = urlsplit(url)
    where: Address | None = address
    for _ in range(_MOST_REDIRECTS):
        assert where is not None  # the first is given, a later one was found
        answer = await _get(action, url, where)
        if isinstance(answer, str):
            return ProbeResult(success=False, message=f'Get "{url}": {answer}')
        if not 200 <= answer.status < 400:
            text = f"HTTP probe failed with statuscode: {answer.status}{_excerpt(answer.body)}"
            return ProbeResult(success=False, message=text, status=answer.status)
        if answer.status not in _REDIRECTS or not answer.location:
            return ProbeResult(success=True, status=answer.status)
        url = urljoin(url, answer.location)
        where = _find_target(urlsplit(url), probed, address, resolve)
        if where is None:
            return ProbeResult(success=True, status=answer.status)
    return ProbeResult(
        success=False, message=f'Get "{url}": stopped after {_MOST_REDIRECTS} redirects'
    )


def _find_target(
    url: SplitResult,
    probed: SplitResult,
    address: Address,
    resolve: Callable[[int | str | None], Address | None],
) -> Address | None:
    """Where a redirect leads, when it stays on the probed host."""
    if url.scheme not in ("http", "https") or url.hostname != probed.hostname:
        return None
    port = url.port or (443 if url.scheme == "https" else 80)
    return address if port == probed.port else resolve(port)


@dataclass(slots=True)
class _Answer:
    """What httptools' parser tells; complete once `done`."""

    status: int = 0
    location: str = ""
    body: bytearray = field(default_factory=bytearray)
    done: bool = False
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"location":
            self.location = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        # An interim answer announces another; after 101 the connection speaks something else.
        self.done = self.status >= 200 or self.status == 101


async def _get(action: HTTPGetAction, url: str, address: Address) -> _Answer | str:
    """The answer, or in Go's words why there is none."""
    target = urlsplit(url)
    try:
        reader, writer = await dial(
            address, tls=_unverified() if target.scheme == "https" else None
        )
    except OSError as error:
        return describe_dialing(address, error)
    try:
        writer.write(_make_request(action, target))
        return await _read_answer(reader)
    except OSError as error:
        return describe_error(error)
    finally:
        writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> _Answer | str:
    answer = _Answer()
    seen = 0
    while not answer.done and len(answer.body) < _MOST_BODY:
        data = await reader.read(_MOST_BODY)
        seen += len(data)
        if not data:
            return answer if answer.status >= 200 else "EOF"
        try:
            answer.parser.feed_data(data)
        except httptools.HttpParserError:
            if not answer.status:
                line = data.partition(b"\n")[0][:80].decode(errors="replace").strip()
                return f'malformed HTTP response "{line}"'
            return answer  # the status is known; a body that is cut off changes nothing
        if answer.status == 0 and seen > _MOST_HEAD:
            return "the head of the answer is longer than 64 KiB"
    return answer


def _make_request(action: HTTPGetAction, target: SplitResult) -> bytes:
    named = {each.name.lower() for each in action.http_headers}
    defaults = {"Host": target.netloc, "User-Agent": USER_AGENT, "Accept": "*/*"}
    path = target.path + (f"?{target.query}" if target.query else "")
    lines = [
        f"GET {path or '/'} HTTP/1.1",
        *(f"{name}: {value}" for name, value in defaults.items() if name.lower() not in named),
        *(f"{each.name}: {each.value}" for each in action.http_headers if each.value),
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _excerpt(body: bytes | bytearray) -> str:
    """The beginning of a failed probe's answer, where the server says what is wrong."""
    text = body.decode(errors="replace").strip()
    return f" {text[:300]}" if text else ""


@cache
def _unverified() -> ssl.SSLContext:
    """One for all: building a context costs more than an attempt."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # kubelet does not verify either
    context.verify_mode = ssl.CERT_NONE
    return context
