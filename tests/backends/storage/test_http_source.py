"""One conditional GET, and all that can come of it."""

import base64
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.http_errors import Patience, SourceDown
from kfsim.backends.storage.http_source import download
from tests.backends.storage.web import OCTETS, Page, Web, serve

pytestmark = pytest.mark.live
PATIENCE = Patience(connect=5, stall=5)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "body"


def get(
    uri: str,
    target: Path,
    *,
    known: Mapping[str, str] | None = None,
    patience: Patience = PATIENCE,
    seen: list[tuple[int, int | None]] | None = None,
) -> Mapping[str, str] | None:
    return download(
        uri,
        target,
        known=known or {},
        patience=patience,
        accept=lambda _media_type: None,
        report=lambda *each: None if seen is None else seen.append(each),
    )


def test_a_body_is_written_with_its_validators(web: Web, target: Path) -> None:
    modified = "Wed, 01 Jan 2025 00:00:00 GMT"
    url = web.put("/m", b"x" * 3_000_000, etag='"1"', last_modified=modified)
    seen: list[tuple[int, int | None]] = []
    assert get(url, target, seen=seen) == {
        "etag": '"1"',
        "last-modified": modified,
        "content-length": "3000000",
    }
    assert target.read_bytes() == b"x" * 3_000_000
    assert seen[-1] == (3_000_000, 3_000_000)
    assert len(seen) > 1


@pytest.mark.parametrize(
    "validator", [{"etag": 'W/"1"'}, {"last-modified": "Wed, 01 Jan 2025 00:00:00 GMT"}]
)
def test_what_has_not_changed_is_not_sent(
    web: Web, target: Path, validator: dict[str, str]
) -> None:
    url = web.put("/m", b"x")
    web.pages["/m"].headers.update(validator)
    known = get(url, target)
    assert known is not None
    assert get(url, target.with_name("other"), known=known) is None
    assert not target.with_name("other").exists()


def test_a_media_type_is_refused_before_the_body_is_read(web: Web, target: Path) -> None:
    url = web.put("/m", b"<html>", "text/html")

    def refuse(media_type: str) -> None:
        raise StorageFailure(f"no {media_type}")

    with pytest.raises(StorageFailure, match="no text/html"):
        download(
            url, target, known={}, patience=PATIENCE, accept=refuse, report=lambda *_each: None
        )
    assert not target.exists()


@pytest.mark.parametrize(
    ("status", "down", "words"),
    [
        (404, False, "404 Not Found; correct storageUri"),
        (401, False, "401 Unauthorized; the server wants credentials"),
        (403, False, "403 Forbidden; the server refuses"),
        (206, False, "a 200 OK only"),
        (304, False, "a 200 OK only"),
        (499, False, "the server answered 499;"),
        (500, True, "500 Internal Server Error"),
        (503, True, "503 Service Unavailable"),
        (429, True, "429 Too Many Requests"),
    ],
)
def test_other_answers_are_failures(
    web: Web, target: Path, status: int, down: bool, words: str
) -> None:
    web.pages["/m?sig=secret"] = Page(status=status)
    with pytest.raises(StorageFailure) as caught:
        get(web.url("/m?sig=secret").replace("127.0.0.1", "u:secret@127.0.0.1"), target)
    assert isinstance(caught.value, SourceDown) is down
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    assert not target.exists()


def test_a_body_that_is_cut_is_a_failure(web: Web, target: Path) -> None:
    web.pages["/m"] = Page(b"x" * 10, headers={"content-type": OCTETS}, length=20)
    with pytest.raises(StorageFailure, match="after 10 of 20 bytes") as caught:
        get(web.url("/m"), target)
    assert not isinstance(caught.value, SourceDown)


def test_a_transfer_that_stalls_is_given_up(web: Web, target: Path) -> None:
    web.pages["/m"] = Page(b"x" * 10, gate=threading.Event())
    with pytest.raises(StorageFailure, match="broke off after 0 of 10 bytes"):
        get(web.url("/m"), target, patience=Patience(connect=5, stall=0.2))


def test_a_model_larger_than_the_disk_is_not_begun(web: Web, target: Path) -> None:
    web.pages["/m"] = Page(b"x", length=2**60)
    with pytest.raises(StorageFailure, match=f"it has {2**60} bytes, and .* are free"):
        get(web.url("/m"), target)


def redirect(web: Web, path: str, to: str, status: int = 302) -> None:
    web.pages[path] = Page(status=status, headers={"location": to})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(web: Web, target: Path, status: int) -> None:
    redirect(web, "/a", "/b/", status)
    redirect(web, "/b/", "m", status)
    web.put("/b/m", b"model")
    get(web.url("/a"), target)
    assert target.read_bytes() == b"model"


def test_a_circle_of_redirects_ends(web: Web, target: Path) -> None:
    redirect(web, "/a", "/b")
    redirect(web, "/b", "/a")
    with pytest.raises(StorageFailure, match="redirects in a circle"):
        get(web.url("/a"), target)


def test_redirects_without_end_end(web: Web, target: Path) -> None:
    for number in range(20):
        redirect(web, f"/{number}", f"/{number + 1}")
    with pytest.raises(StorageFailure, match="more than 10 times"):
        get(web.url("/0"), target)
    assert len(web.requests) == 11


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://h/x", "http://h:x/"])
def test_redirects_stay_with_http(web: Web, target: Path, to: str) -> None:
    redirect(web, "/a", to)
    with pytest.raises(StorageFailure, match="which is no HTTP URL"):
        get(web.url("/a"), target)


def test_credentials_stay_with_their_origin(web: Web, target: Path) -> None:
    with serve() as other:
        redirect(web, "/a", "/b")
        redirect(web, "/b", other.put("/m", b"model"))
        get(web.url("/a").replace("127.0.0.1", "me:p%40ss@127.0.0.1"), target)
        sent = [headers.get("authorization") for _, headers in (*web.requests, *other.requests)]
    basic = "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert sent == [basic, basic, None]


def test_nobody_listens(web: Web, target: Path) -> None:
    web.end()
    with pytest.raises(
        SourceDown, match=r"127\.0\.0\.1 cannot be connected to: Connection refused"
    ):
        get(web.url("/m"), target)


def test_a_name_that_is_none(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(SourceDown, match=r"the name no-such-host\.invalid cannot be resolved"):
        get("http://no-such-host.invalid/m", target)


def test_a_server_that_speaks_something_else(target: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"\x00\x01garbage\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(SourceDown, match="does not speak HTTP"):
            get(f"http://127.0.0.1:{listener.getsockname()[1]}/m", target)
        thread.join()


def test_the_environment_names_the_proxy(
    web: Web, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", web.url("/").replace("127.0.0.1", "me:word@127.0.0.1"))
    web.put("http://models.example/m", b"model")
    get("http://models.example/m", target)
    assert target.read_bytes() == b"model"
    basic = "Basic " + base64.b64encode(b"me:word").decode()
    assert web.requests[0][1]["proxy-authorization"] == basic


def test_a_proxy_of_another_kind(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    with pytest.raises(StorageFailure, match="only HTTP proxies"):
        get("http://models.example/m", target)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    both, key, own = (tmp_path / name for name in ("both.pem", "key.pem", "own.pem"))
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", own),
        ],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + own.read_bytes())
    return both


@pytest.fixture
def secure(certificate: Path) -> Iterator[Web]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serve(context) as web:
        yield web


@pytest.mark.parametrize("trusted", [True, False])
def test_certificates_are_verified(
    secure: Web,
    certificate: Path,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    trusted: bool,
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    secure.put("/m", b"model")
    url = f"https://localhost:{secure.port}/m"
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        get(url, target)
        assert target.read_bytes() == b"model"
        return
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(
        StorageFailure, match=r"not accepted .*self.signed.*SSL_CERT_FILE"
    ) as caught:
        get(url, target)
    assert not isinstance(caught.value, SourceDown)


def test_a_certificate_for_another_name(
    secure: Web, certificate: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(StorageFailure, match=r"certificate of 127\.0\.0\.1 is not accepted"):
        get(f"https://127.0.0.1:{secure.port}/m", target)
