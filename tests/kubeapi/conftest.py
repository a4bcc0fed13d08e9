from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from kfsim.api.creation import Admission
from kfsim.api.meta import Object
from kfsim.api.scheme import ResourceKind
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.errors import Forbidden
from kfsim.kubeapi import ApiServer, LogRequest
from kfsim.store import Store

GROUP = "/apis/serving.kserve.io/v1beta1"


@dataclass
class Api:
    """A running server and a client for it."""

    store: Store
    server: ApiServer
    url: str
    session: aiohttp.ClientSession
    logs: list[LogRequest] = field(default_factory=list)

    async def call(
        self, method: str, path: str, body: Any = None, **options: Any
    ) -> tuple[int, dict[str, Any]]:
        if body is not None:
            options["json"] = body
        async with self.session.request(method, self.url + path, **options) as response:
            return response.status, await response.json()

    async def patch(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/merge-patch+json"}
        return await self.call("PATCH", path, body, headers=headers)


def refuse_marked(resource: ResourceKind, obj: Object, old: Object | None) -> Object:
    """An admission that defaults one annotation and refuses another."""
    annotations = obj.metadata.annotations
    if "refuse" in annotations:
        raise Forbidden('admission webhook "test" denied the request: marked')
    if resource.kind != "InferenceService":
        return obj
    return obj.replaced(
        metadata=obj.metadata.replaced(annotations={**annotations, "defaulted": "yes"})
    )


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serve_api(refuse_marked) as served:
        yield served


@asynccontextmanager
async def serve_api(admission: Admission, *, strict: bool = False) -> AsyncIterator[Api]:
    """A server with an empty store and the given admission."""
    clock, entropy = RealClock(), SeededEntropy(1)
    store = Store(clock=clock, entropy=entropy)
    seen: list[LogRequest] = []

    async def logs(request: LogRequest) -> AsyncIterator[bytes]:
        seen.append(request)
        yield b"one\n"
        yield b"two\n"

    server = ApiServer(
        store=store,
        clock=clock,
        entropy=entropy,
        admission=admission,
        logs=logs,
        strict=strict,
        extensions={
            "GET /status": lambda query: {"pid": 1},
            "GET /why/{namespace}/{name}": lambda query: dict(query),
        },
    )
    port = await server.serve("127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        yield Api(store, server, f"http://127.0.0.1:{port}", session, seen)
    await server.close()


def make_isvc(name: str = "iris", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, **metadata},
        "spec": {"predictor": {"minReplicas": 0, "sklearn": {"storageUri": "file:///m"}}},
    }
