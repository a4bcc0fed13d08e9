import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.kubeapi import ApiServer
from kfsim.kubeapi.bodies import LARGEST_BODY
from kfsim.kubeapi.writing import admit_unchanged
from kfsim.store import Store
from tests.kubeapi.conftest import GROUP, Api, make_isvc, serve_api

ISVCS = f"{GROUP}/namespaces/default/inferenceservices"


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
async def test_health(api: Api, path: str) -> None:
    async with api.session.get(api.url + path) as response:
        assert (response.status, await response.text()) == (200, "ok")


async def test_version_and_discovery(api: Api) -> None:
    assert (await api.call("GET", "/version"))[1]["gitVersion"].startswith("v1.")
    assert (await api.call("GET", "/api"))[1]["versions"] == ["v1"]
    _, groups = await api.call("GET", "/apis")
    assert "serving.kserve.io" in [group["name"] for group in groups["groups"]]
    _, resources = await api.call("GET", GROUP)
    assert resources["groupVersion"] == "serving.kserve.io/v1beta1"
    assert (await api.call("GET", "/apis/apps"))[1]["preferredVersion"]["version"] == "v1"
    assert (await api.call("GET", "/apis/nowhere"))[0] == 404


async def test_extensions(api: Api) -> None:
    assert await api.call("GET", "/kfsim/v1/status") == (200, {"pid": 1})
    _, parameters = await api.call("GET", "/kfsim/v1/why/ns/iris?verbose=1")
    assert parameters == {"namespace": "ns", "name": "iris", "verbose": "1"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8001", "", "127.0.0.1.evil.example"]
)
async def test_foreign_hosts_are_refused(api: Api, host: str) -> None:
    status, result = await api.call("GET", "/api", headers={"Host": host})
    assert (status, result["reason"]) == (403, "Forbidden")


async def test_loopback_names_are_served(api: Api) -> None:
    for host in ("localhost:1234", "LOCALHOST", "[::1]:80", "[::1]", "127.0.0.1"):
        assert (await api.call("GET", "/api", headers={"Host": host}))[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:8080"])
async def test_foreign_origins_are_refused(api: Api, origin: str) -> None:
    status, result = await api.call("POST", ISVCS, make_isvc(), headers={"Origin": origin})
    assert (status, result["reason"]) == (403, "Forbidden")
    status, _ = await api.call("POST", ISVCS, make_isvc(), headers={"Origin": api.url})
    assert status == 201


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_what_a_page_could_post_is_refused(api: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    status, result = await api.call("POST", ISVCS, make_isvc(), headers=headers)
    assert (status, result["reason"]) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    ("method", "header", "status"),
    [
        ("POST", "X-None: 1", 201),  # the official Python client
        ("POST", "Sec-Fetch-Site: cross-site", 415),
        ("PATCH", "X-None: 1", 415),
    ],
)
async def test_unmarked_bodies(api: Api, method: str, header: str, status: int) -> None:
    _, _, address = api.url.partition("//")
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(make_isvc())
    writer.write(
        f"{method} {ISVCS} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {len(body)}\r\n"
        f"{header}\r\nConnection: close\r\n\r\n{body}".encode()
    )
    answer = await reader.read()
    writer.close()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


async def test_large_bodies_are_refused(api: Api) -> None:
    data = io.BytesIO(b" " * (LARGEST_BODY + 1))
    headers = {"Content-Type": "application/json"}
    status, result = await api.call("POST", ISVCS, data=data, headers=headers)
    assert (status, result["reason"]) == (413, "RequestEntityTooLarge")


async def test_an_inner_error_shows_no_secret(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> int:
        raise ValueError("secret")

    api.store.committed = fail  # type: ignore[method-assign,assignment]  # a fault to inject
    with caplog.at_level(logging.ERROR):
        status, result = await api.call("POST", ISVCS, make_isvc())
    assert (status, result["reason"]) == (500, "InternalError")
    assert "secret" not in result["message"]
    assert "ValueError: secret" in caplog.text


async def test_a_taken_port_is_an_os_error(api: Api) -> None:
    second = ApiServer(store=api.store, clock=RealClock(), entropy=SeededEntropy(1))
    with pytest.raises(OSError, match="address already in use"):
        await second.serve("127.0.0.1", int(api.url.rpartition(":")[2]))
    await second.close()


async def test_methods_of_fixed_paths(api: Api) -> None:
    status, result = await api.call("POST", "/version", {})
    assert (status, result["reason"]) == (405, "MethodNotAllowed")


async def test_connections_end_on_close(api: Api) -> None:
    await api.server.close()
    with pytest.raises(aiohttp.ClientConnectionError):
        await api.call("GET", "/api")


async def test_a_strict_server_makes_no_namespace() -> None:
    async with serve_api(admit_unchanged, strict=True) as api:
        path = "/api/v1/namespaces/{}/configmaps"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
        for query in ("", "?dryRun=All"):
            async with api.session.post(api.url + path.format("team") + query, json=body) as answer:
                assert answer.status == 404
                assert (await answer.json())["message"] == 'namespaces "team" not found'
        for known in ("default", "kube-system", "knative-serving", "kserve"):
            async with api.session.post(api.url + path.format(known), json=body) as answer:
                assert answer.status == 201


async def test_a_page_that_fails_before_its_first_chunk_is_a_status() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        raise RuntimeError("no figures")
        yield b""

    clock, entropy = RealClock(), SeededEntropy(1)
    server = ApiServer(
        store=Store(clock=clock, entropy=entropy),
        clock=clock,
        entropy=entropy,
        metrics=lambda accept: ("text/plain", chunks()),
    )
    port = await server.serve("127.0.0.1", 0)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        assert response.status == 500
        assert (await response.json())["kind"] == "Status"
    await server.close()


async def test_a_scraper_that_leaves_ends_its_page() -> None:
    ended = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.set()

    clock, entropy = RealClock(), SeededEntropy(1)
    server = ApiServer(
        store=Store(clock=clock, entropy=entropy),
        clock=clock,
        entropy=entropy,
        metrics=lambda accept: ("text/plain", chunks()),
    )
    port = await server.serve("127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        response = await session.get(f"http://127.0.0.1:{port}/metrics")
        assert await response.content.readexactly(100_000)
        response.close()
    async with asyncio.timeout(5):
        await ended.wait()
    await server.close()
