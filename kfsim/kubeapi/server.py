"""The API's HTTP server: guard, routes, errors, life cycle."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

import kfsim
from kfsim.api.creation import Admission
from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy
from kfsim.base.errors import Invalid, KfsimError, NotFound
from kfsim.kubeapi import discovery, openapi
from kfsim.kubeapi.bodies import LARGEST_BODY
from kfsim.kubeapi.encoding import encode_json
from kfsim.kubeapi.guard import LOOPBACK_HOSTS, check_body_type, check_host, check_origin
from kfsim.kubeapi.paths import NOT_FOUND, parse_path
from kfsim.kubeapi.ports import Extension, LogSource, MetricsPage
from kfsim.kubeapi.resources import ResourceHandler
from kfsim.kubeapi.status import About, MethodNotAllowed, TooLarge, about, make_failure
from kfsim.kubeapi.writing import admit_unchanged, ensure_namespace
from kfsim.store import Store

_logger = logging.getLogger(__name__)
# What a cluster with KServe has before its users come.
_CLUSTERS_OWN: Final = (
    "default", "kube-system", "kube-public", "kube-node-lease", "knative-serving", "kserve",
)  # fmt: skip
_EXTENSIONS: Final = "/kfsim/v1"
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiServer:
    """Serves one store. `extensions` maps `METHOD /path` below /kfsim/v1 to a callable; `metrics`
    is what /metrics answers; `strict` leaves Namespaces to the user, but for those that a cluster
    with KServe has."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        admission: Admission = admit_unchanged,
        extensions: Mapping[str, Extension] | None = None,
        logs: LogSource | None = None,
        metrics: MetricsPage | None = None,
        ready: Callable[[], bool] = lambda: True,
        allowed_hosts: Collection[str] = (),
        strict: bool = False,
    ) -> None:
        self._store = store
        self._entropy = entropy
        self._strict = strict
        self._ready = ready
        self._metrics = metrics
        self._allowed_hosts = (*LOOPBACK_HOSTS, *(host.lower() for host in allowed_hosts))
        self._resources = ResourceHandler(
            store=store, clock=clock, admission=admission, logs=logs, strict=strict
        )
        self._app = self._make_app(extensions or {})
        self._runner: web.AppRunner | None = None

    async def serve(self, host: str, port: int) -> int:
        """Listen; returns the port (the chosen one for 0). Raises OSError when it is taken."""
        for name in _CLUSTERS_OWN if self._strict else ("default",):
            ensure_namespace(self._store, name)
        self._runner = web.AppRunner(
            self._app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def close(self) -> None:
        """End the watches, let running requests finish for a second, stop listening."""
        self._resources.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _make_app(self, extensions: Mapping[str, Extension]) -> web.Application:
        app = web.Application(
            middlewares=[self._map_errors, self._guard], client_max_size=LARGEST_BODY
        )
        app.router.add_get("/healthz", _ok)
        app.router.add_get("/livez", _ok)
        app.router.add_get("/readyz", self._readyz)
        if self._metrics is not None:
            app.router.add_get("/metrics", _page(self._metrics))
        app.router.add_get("/version", _fixed(discovery.make_version(kfsim.__version__)))
        app.router.add_get("/openapi/v3", self._openapi_index)
        app.router.add_get("/openapi/v3/{path:.+}", self._openapi)
        app.router.add_get("/api", self._core)
        app.router.add_get("/apis", self._groups)
        app.router.add_get("/api/{version}", self._resource_list)
        app.router.add_get("/apis/{group}", self._group)
        app.router.add_get("/apis/{group}/{version}", self._resource_list)
        for prefix in ("api", "apis"):
            app.router.add_route("*", f"/{prefix}/{{path:.+}}", self._resources.handle)
        app.router.add_get(f"{_EXTENSIONS}/kinds", self._kinds)
        for key, extension in extensions.items():
            method, _, path = key.partition(" ")
            app.router.add_route(method, _EXTENSIONS + path, _extend(extension))
        return app

    async def _readyz(self, request: web.Request) -> web.Response:
        ready = self._ready()
        return web.Response(text="ok" if ready else "not ready", status=200 if ready else 503)

    async def _openapi_index(self, request: web.Request) -> web.Response:
        return _json(openapi.make_index(self._store.kinds.all()))

    async def _openapi(self, request: web.Request) -> web.Response:
        return _json(openapi.make_document(request.match_info["path"], self._store.kinds.all()))

    async def _group(self, request: web.Request) -> web.Response:
        return _json(discovery.make_group(request.match_info["group"], self._store.kinds.all()))

    async def _resource_list(self, request: web.Request) -> web.Response:
        group, version = request.match_info.get("group"), request.match_info["version"]
        api_version = f"{group}/{version}" if group else version
        return _json(discovery.make_resource_list(api_version, self._store.kinds.all()))

    async def _core(self, request: web.Request) -> web.Response:
        if _wants_aggregated(request):
            return _aggregated(discovery.make_aggregated(self._store.kinds.all(), core=True))
        return _json(discovery.make_api_versions())

    async def _groups(self, request: web.Request) -> web.Response:
        if _wants_aggregated(request):
            return _aggregated(discovery.make_aggregated(self._store.kinds.all(), core=False))
        return _json(discovery.make_group_list(self._store.kinds.all()))

    async def _kinds(self, request: web.Request) -> web.Response:
        return _json(discovery.make_kinds(self._store.kinds.all(), self._store.count))

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        check_host(request.headers.get("Host", ""), self._allowed_hosts)
        check_origin(request.headers.get("Origin"), request.headers.get("Host", ""))
        content_type = request.content_type if request.headers.get("Content-Type") else ""
        check_body_type(
            request.method,
            content_type,
            has_body=request.can_read_body,
            from_browser="Origin" in request.headers or "Sec-Fetch-Site" in request.headers,
        )
        return await handler(request)

    @web.middleware
    async def _map_errors(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except KfsimError as error:
            failure = error
        except web.HTTPRequestEntityTooLarge:
            failure = TooLarge(f"the body of the request is larger than {LARGEST_BODY} bytes")
        except web.HTTPMethodNotAllowed:
            failure = MethodNotAllowed(
                "the server does not allow this method on the requested resource"
            )
        except web.HTTPNotFound:
            failure = NotFound(NOT_FOUND)
        except Exception:
            reference = self._entropy.suffix()
            _logger.exception(
                "answering %s %s failed (%s)", request.method, request.path, reference
            )
            failure = KfsimError(
                f"an error inside kfsim prevented the answer; its log has it under {reference}"
            )
        return _json(make_failure(failure, self._subject_of(request, failure)), status=failure.code)

    def _subject_of(self, request: web.Request, failure: KfsimError) -> About | None:
        try:
            path = parse_path(request.path, self._store.kinds)
        except NotFound:
            return None
        subject = about(path.resource, path.name or failure.object_name)
        if isinstance(
            failure, Invalid
        ):  # kubectl prints: The InferenceService "iris" is invalid: …
            return replace(subject, kind=path.resource.kind)
        return subject


def _wants_aggregated(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "").replace(" ", "")
    return any(
        "as=APIGroupDiscoveryList" in part and "v=v2" in part.split(";")
        for part in accept.split(",")
    )


def _aggregated(document: Any) -> web.Response:
    headers = {"Content-Type": discovery.AGGREGATED}
    return web.Response(body=encode_json(document) + b"\n", headers=headers)


def _extend(extension: Extension) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        result = extension({**request.query, **request.match_info})
        if inspect.isawaitable(result):
            result = await result
        return _json(result)

    return handle


def _page(metrics: MetricsPage) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        content_type, chunks = metrics(request.headers.get("Accept", ""))
        # Awaited before the headers go out, so that an error is still a Status.
        first = await anext(chunks, b"")
        response = web.StreamResponse(headers={"Content-Type": content_type})
        response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            await response.write(first)
            async for chunk in chunks:
                await response.write(chunk)
            await response.write_eof()
        except ConnectionError:
            pass  # the scraper went away
        return response

    return handle


def _fixed(document: Any) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return _json(document)

    return handle


async def _ok(request: web.Request) -> web.StreamResponse:
    return web.Response(text="ok")


def _json(value: Any, *, status: int = 200) -> web.Response:
    return web.Response(
        body=encode_json(value) + b"\n", status=status, content_type="application/json"
    )
