"""Models behind http:// and https:// URIs: one conditional GET, streamed to a file.

Proxies come from the environment, certificates are verified (SSL_CERT_FILE is honoured), userinfo
becomes basic authentication and stays with its origin when a redirect leads elsewhere.
"""

import shutil
import ssl
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import exceptions as errors
from urllib3.util import Timeout, make_headers

from kfsim.backends.storage.failures import StorageFailure, cannot_provide, redact_uri
from kfsim.backends.storage.forms import is_http_url
from kfsim.backends.storage.http_errors import Patience, SourceDown, explain
from kfsim.backends.storage.settings import CACHE_DIR_VARIABLE

Report = Callable[[int, int | None], None]
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS: Final = 10
_CHUNK: Final = 2**20
# Answers of a server that is there but cannot serve now.
_DOWN: Final = frozenset({408, 425, 429})
_MENDS: Final = {
    401: "the server wants credentials: put them in the URI (https://USER:PASSWORD@HOST/…), or use "
    "a signed one",
    403: "the server refuses these credentials, or a signed URI has expired",
    404: "correct storageUri",
    410: "correct storageUri",
    407: "the proxy wants credentials: put them in https_proxy",
}


def download(
    uri: str,
    target: Path,
    *,
    known: Mapping[str, str],
    patience: Patience,
    accept: Callable[[str], None],
    report: Report,
) -> Mapping[str, str] | None:
    """Write the body to `target`: the validators that a later request may ask by, or None when it
    is still what the `known` ones describe. `accept` is given the media type before the body is
    read, and raises StorageFailure for a wrong one.

    Raises SourceDown and StorageFailure.
    """
    headers = {"user-agent": "kfsim", "accept-encoding": "identity"}
    if "etag" in known:
        headers["if-none-match"] = known["etag"]
    if "last-modified" in known:
        headers["if-modified-since"] = known["last-modified"]
    response = _follow(uri, headers, patience)
    try:
        if response.status == HTTPStatus.NOT_MODIFIED and known:
            return None
        _check_status(uri, response)
        accept(response.headers.get("content-type", ""))
        _save(uri, response, target, report)
    finally:
        response.close()
    return {
        name: value
        for name in ("etag", "last-modified", "content-length")
        if (value := response.headers.get(name)) and value.isprintable()
    }


def _follow(uri: str, headers: Mapping[str, str], patience: Patience) -> urllib3.BaseHTTPResponse:
    """The first answer that is no redirect; its body is not read yet."""
    first = urlsplit(uri)
    here = uri
    seen: dict[str, None] = {}
    while True:
        seen[here] = None
        parts = urlsplit(here)
        credentials = _credentials(first) if _origin(parts) == _origin(first) else {}
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        try:
            response = _manager(parts).request(
                "GET",
                bare,
                headers={**headers, **credentials},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=Timeout(connect=patience.connect, read=patience.stall),
            )
        except errors.HTTPError as error:
            raise explain(uri, error, host=parts.hostname or "", patience=patience) from error
        location = response.headers.get("location", "")
        if response.status not in _REDIRECTS or not location:
            return response
        response.close()
        here = urljoin(here, location)
        if here in seen or len(seen) > _MAX_REDIRECTS:
            what = "in a circle" if here in seen else f"more than {_MAX_REDIRECTS} times"
            raise StorageFailure(
                f"{cannot_provide(uri)}: the server redirects {what}; correct storageUri"
            )
        if not is_http_url(here):
            raise StorageFailure(
                f"{cannot_provide(uri)}: the server redirects to {redact_uri(here)}, which is no "
                "HTTP URL; correct storageUri"
            )


def _manager(parts: SplitResult) -> urllib3.PoolManager:
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or proxy_bypass(parts.netloc.rpartition("@")[2]):
        # The authorities are read from disk, so only where they are needed.
        secure = parts.scheme == "https"
        return urllib3.PoolManager(ssl_context=ssl.create_default_context() if secure else None)
    where = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    login = _login(where)
    context = ssl.create_default_context()
    return urllib3.ProxyManager(
        where._replace(netloc=where.netloc.rpartition("@")[2]).geturl(),
        proxy_headers=make_headers(proxy_basic_auth=login) if login else None,
        proxy_ssl_context=context,
        ssl_context=context,
    )


def _login(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    return f"{unquote(parts.username)}:{unquote(parts.password or '')}"


def _credentials(parts: SplitResult) -> Mapping[str, str]:
    login = _login(parts)
    return make_headers(basic_auth=login) if login else {}


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default


def _check_status(uri: str, response: urllib3.BaseHTTPResponse) -> None:
    status = response.status
    if status == HTTPStatus.OK:
        return
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    answer = f"the server answered {status} {phrase}".rstrip()
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _DOWN:
        raise SourceDown(uri, f"{answer}; try again later")
    mend = _MENDS.get(status, "a model is taken from a 200 OK only")
    raise StorageFailure(f"{cannot_provide(uri)}: {answer}; {mend}")


def _save(uri: str, response: urllib3.BaseHTTPResponse, target: Path, report: Report) -> None:
    """Write the body; the library raises where it is shorter than its Content-Length."""
    length = response.headers.get("content-length", "")
    total = int(length) if length.isascii() and length.isdigit() else None
    free = shutil.disk_usage(target.parent).free
    if total is not None and total > free:
        raise StorageFailure(
            f"{cannot_provide(uri)}: it has {total} bytes, and {free} are free in the model cache; "
            f"make room, or choose another cache with {CACHE_DIR_VARIABLE}"
        )
    current = 0
    try:
        with target.open("xb") as file:
            while chunk := response.read(_CHUNK, decode_content=False):
                file.write(chunk)
                current += len(chunk)
                report(current, total)
    except errors.HTTPError as error:
        raise StorageFailure(
            f"{cannot_provide(uri)}: the transfer broke off after {current} of "
            f"{'an unknown number of' if total is None else total} bytes; try again"
        ) from error
