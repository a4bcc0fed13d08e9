"""httpGet probes against real servers."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from kfsim.replicas.addresses import Address
from tests.backends.probing.servers import HOST, answering, attempt, nobody, serving, silent


def _http(**action: object) -> dict[str, object]:
    return {"httpGet": {"port": 8080, **action}}


def _answer(status: int, *headers: str, body: str = "") -> str:
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", body])


@pytest.mark.parametrize(
    ("answer", "success", "message"),
    [
        (_answer(200), True, ""),
        (_answer(399), True, ""),
        (_answer(301), True, ""),
        (_answer(404), False, "HTTP probe failed with statuscode: 404"),
        (_answer(503, body="loading"), False, "HTTP probe failed with statuscode: 503 loading"),
        (_answer(101), False, "HTTP probe failed with statuscode: 101"),
        ("HTTP/1.1 100 Continue\r\n\r\n" + _answer(200), True, ""),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", True, ""),
        (
            "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n0\r\n\r\n",
            False,
            "HTTP probe failed with statuscode: 500 bad",
        ),
    ],
    ids=[
        "200",
        "399",
        "a redirect without a target",
        "404",
        "what the server says is shown",
        "101",
        "an interim answer is passed over",
        "a body that ends with the connection",
        "a chunked body",
    ],
)
async def test_status_decides(answer: str, success: bool, message: str) -> None:
    async with serving(answering(answer)) as address:
        result = await attempt(_http(), address)
    assert (result.success, result.message) == (success, message)


async def test_status_is_told_for_hooks() -> None:
    async with serving(answering(_answer(500))) as address:
        assert (await attempt(_http(), address)).status == 500
    async with nobody() as address:
        assert (await attempt(_http(), address)).status is None


@pytest.mark.parametrize(
    ("answer", "ending"),
    [("", "EOF"), ("SSH-2.0-OpenSSH_9.2\r\n", 'malformed HTTP response "SSH-2.0-OpenSSH_9.2"')],
)
async def test_what_is_not_http_is_quoted(answer: str, ending: str) -> None:
    async with serving(answering(answer)) as address:
        result = await attempt(_http(path="v2/health/ready"), address)
    assert not result.success
    assert result.message == f'Get "http://{address}/v2/health/ready": {ending}'


async def test_refused_connection() -> None:
    async with nobody() as address:
        result = await attempt(_http(), address)
    assert not result.success
    expected = f'Get "http://{address}/": dial tcp {address}: connect: connection refused'
    assert result.message == expected


async def test_silent_server_times_out() -> None:
    async with serving(silent) as address:
        result = await attempt(_http() | {"timeoutSeconds": 1}, address)
    assert not result.success
    assert result.message.startswith(f'Get "http://{address}/": context deadline exceeded')


@pytest.mark.parametrize(
    ("action", "lines"),
    [
        ({}, {"Host": "{address}", "User-Agent": "kube-probe/1.32", "Accept": "*/*"}),
        ({"host": "model.example"}, {"Host": "model.example:{port}"}),
        (
            {
                "httpHeaders": [
                    {"name": "host", "value": "a.example"},
                    {"name": "X-Key", "value": "1"},
                    {"name": "X-Key", "value": "2"},
                ]
            },
            {"host": "a.example", "X-Key": "1", " X-Key": "2"},
        ),
        ({"httpHeaders": [{"name": "Accept", "value": ""}]}, {"Accept": None}),
    ],
    ids=["defaults", "a host", "own headers win and may repeat", "an empty one removes it"],
)
async def test_headers(action: dict[str, object], lines: Mapping[str, str | None]) -> None:
    heads: list[str] = []
    async with serving(answering(_answer(200), heads=heads)) as address:
        await attempt(_http(path="/ready?full=1", **action), address)
    asked = heads[0].split("\r\n")
    assert asked[0] == "GET /ready?full=1 HTTP/1.1"
    assert sum(line.lower().startswith("host:") for line in asked) == 1
    for name, value in lines.items():
        if value is None:
            assert not any(line.startswith(f"{name}:") for line in asked)
        else:
            text = value.format(address=address, port=address.port)
            assert f"{name.strip()}: {text}" in asked


async def test_redirects_stay_on_the_host() -> None:
    ready: list[str] = []
    async with (
        serving(answering(_answer(503), heads=ready)) as target,
        serving(answering(_answer(302, f"Location: http://{HOST}:9090/up"))) as address,
    ):
        manifest = {"httpGet": {"port": 8080}}
        result = await attempt(manifest, ports={8080: address, 9090: target})
    assert ready[0].startswith("GET /up HTTP/1.1")
    assert result.message == "HTTP probe failed with statuscode: 503"


@pytest.mark.parametrize(
    "location", ["http://elsewhere.example/", "http://127.0.0.1:1/", "ftp://127.0.0.1/"]
)
async def test_redirects_that_lead_elsewhere_pass(location: str) -> None:
    async with serving(answering(_answer(302, f"Location: {location}"))) as address:
        result = await attempt(_http(), ports={8080: address})
    assert result.success
    assert result.status == 302


async def test_redirects_in_a_circle_fail() -> None:
    heads: list[str] = []
    async with serving(answering(_answer(307, "Location: /again"), heads=heads)) as address:
        result = await attempt(_http(), address)
    assert len(heads) == 10
    assert result.message == f'Get "http://{address}/again": stopped after 10 redirects'


@pytest.mark.live
async def test_certificates_are_not_verified(tmp_path: Path) -> None:
    if shutil.which("openssl") is None and os.environ.get("CI") != "true":
        pytest.skip("openssl, which makes the certificate, is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = f"req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout {key} -out {certificate}"
    subprocess.run(["openssl", *made.split()], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with serving(answering(_answer(200)), ssl=context) as address:
        assert (await attempt(_http(scheme="HTTPS"), address)).success
        plain = await attempt(_http(), address)
    assert not plain.success


async def test_port_that_the_pod_lacks() -> None:
    result = await attempt(_http(port="metrics"), ports={8080: Address(HOST, 1)})
    assert result.message == "the Pod has no containerPort 'metrics'; declare it in ports"
