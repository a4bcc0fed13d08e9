"""The HTTP verbs of resources: from an aiohttp request to the store and back."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import orjson
from aiohttp import web

from kfsim.api.core import Pod
from kfsim.api.creation import Admission
from kfsim.api.meta import Object
from kfsim.base.clock import Clock, format_timestamp
from kfsim.base.errors import BadRequest, KfsimError, NotFound
from kfsim.kubeapi.bodies import YAML_TYPES, parse_body
from kfsim.kubeapi.encoding import encode_entry, encode_json, encode_list, encode_stored
from kfsim.kubeapi.patching import APPLY_TYPE, ApplyOptions, Change, parse_patch
from kfsim.kubeapi.paths import NOT_FOUND, ResourcePath, parse_path
from kfsim.kubeapi.ports import LogRequest, LogSource
from kfsim.kubeapi.queries import (
    Form,
    Selection,
    parse_dry_run,
    parse_flag,
    parse_form,
    parse_number,
    parse_selection,
    parse_validation,
)
from kfsim.kubeapi.scale import SCALABLE, SCALE, make_scale, with_scale
from kfsim.kubeapi.status import (
    MethodNotAllowed,
    about,
    make_success,
    make_warning,
)
from kfsim.kubeapi.tables import TableWriter
from kfsim.kubeapi.watching import WatchStream, parse_watch
from kfsim.kubeapi.writing import Writer, Written, parse_delete_options
from kfsim.store import Entry, Store

_JSON: Final = "application/json"


class ResourceHandler:
    """Serves `/api` and `/apis` below their version."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        admission: Admission,
        logs: LogSource | None,
        strict: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._logs = logs
        self._writer = Writer(store=store, clock=clock, admission=admission, strict=strict)
        self._streams: dict[WatchStream, None] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = parse_path(request.path, self._store.kinds)
        match request.method:
            case "GET" | "HEAD":
                return await self._read(request, path)
            case "POST" if not path.name:
                return await self._create(request, path)
            case "PUT" | "PATCH" if path.name:
                return await self._change(request, path)
            case "DELETE" if not path.subresource:
                return await self._delete(request, path)
            case _:
                raise MethodNotAllowed(
                    "the server does not allow this method on the requested resource"
                )

    def close(self) -> None:
        """End all watches."""
        for stream in tuple(self._streams):
            stream.close()

    # Reading

    async def _read(self, request: web.Request, path: ResourcePath) -> web.StreamResponse:
        if path.subresource == "log" and path.resource.model is Pod:
            return await self._log(request, path)
        if path.subresource == SCALE and path.resource.model in SCALABLE:
            entry = self._writer.existing(path)
            return web.Response(
                body=encode_json(make_scale(orjson.loads(entry.raw))), content_type=_JSON
            )
        if path.subresource not in ("", "status") or (
            path.subresource and not path.resource.has_status
        ):
            raise NotFound(NOT_FOUND)
        form = parse_form(request.headers.get("Accept", ""))
        if path.name:
            entry = self._writer.existing(path)
            if form is Form.TABLE:
                chunks = self._table(request, path).table([entry], entry.resource_version)
                return await _stream(request, chunks)
            return web.Response(
                body=encode_entry(entry, path.api_version) + b"\n", content_type=_JSON
            )
        selection = self._selection(request, path)
        if parse_flag(request.query, "watch"):
            return await self._watch(request, path, selection, form)
        entries = selection.filter(self._store.entries(path.resource.model, selection.namespace))
        version = self._store.resource_version
        if form is Form.TABLE:
            chunks = self._table(request, path).table(entries, version)
        else:
            chunks = encode_list(path.resource, path.api_version, entries, version)
        return await _stream(request, chunks)

    def _selection(self, request: web.Request, path: ResourcePath) -> Selection:
        resource = path.resource
        return parse_selection(resource.api_version, resource.kind, path.namespace, request.query)

    def _table(self, request: web.Request, path: ResourcePath) -> TableWriter:
        return TableWriter(
            path.resource,
            path.api_version,
            wall=self._clock.wall(),
            include=request.query.get("includeObject", "Metadata"),
        )

    async def _watch(
        self, request: web.Request, path: ResourcePath, selection: Selection, form: Form
    ) -> web.StreamResponse:
        def encode(entry: Entry) -> bytes:
            if form is Form.TABLE:
                return b"".join(
                    self._table(request, path).table([entry], entry.resource_version)
                ).rstrip()
            return encode_entry(entry, path.api_version)

        stream = WatchStream(
            store=self._store,
            resource=path.resource,
            api_version=path.api_version,
            selection=selection,
            options=parse_watch(request.query),
            encode=encode,
        )
        response = web.StreamResponse(headers={"Content-Type": _JSON})
        response.enable_chunked_encoding()
        await response.prepare(request)
        self._streams[stream] = None
        lines = stream.lines()
        try:
            async for line in lines:
                await response.write(line)
            await response.write_eof()
        except ConnectionError:
            pass  # the watcher went away, which is how most watches end
        finally:
            self._streams.pop(stream, None)
            await lines.aclose()
        return response

    async def _log(self, request: web.Request, path: ResourcePath) -> web.StreamResponse:
        pod = self._store.view(Pod, self._writer.existing(path))
        query = request.query
        names = [each.name for each in (*pod.spec.containers, *pod.spec.init_containers)]
        container = query.get("container", "")
        if not container and len(pod.spec.containers) > 1:
            raise BadRequest(
                f"a container name must be specified for pod {path.name}, choose one of: "
                f"[{' '.join(names)}]"
            )
        container = container or (names[0] if names else "")
        if container not in names:
            raise BadRequest(f"container {container} is not valid for pod {path.name}")
        if self._logs is None:
            raise NotFound(NOT_FOUND)
        chunks = self._logs(
            LogRequest(
                namespace=path.namespace or "",
                pod=path.name,
                container=container,
                follow=parse_flag(query, "follow"),
                previous=parse_flag(query, "previous"),
                timestamps=parse_flag(query, "timestamps"),
                tail_lines=parse_number(query, "tailLines"),
                since_seconds=parse_number(query, "sinceSeconds"),
                limit_bytes=parse_number(query, "limitBytes"),
            )
        )
        return await _stream_log(request, chunks)

    # Writing

    async def _create(self, request: web.Request, path: ResourcePath) -> web.StreamResponse:
        data = parse_body(await request.read(), _body_type(request))
        try:
            written = await self._writer.create(
                path,
                data,
                validation=parse_validation(request.query),
                dry_run=parse_dry_run(request.query),
            )
        except KfsimError as error:
            metadata = data.get("metadata")
            if isinstance(metadata, dict):
                error.object_name = str(metadata.get("name") or "")
            raise
        return self._answer(request, path, written, status=201)

    async def _change(self, request: web.Request, path: ResourcePath) -> web.StreamResponse:
        validation, dry_run = parse_validation(request.query), parse_dry_run(request.query)
        if path.subresource == SCALE and path.resource.model in SCALABLE:
            return await self._change_scale(request, path)
        if path.subresource and not (path.subresource == "status" and path.resource.has_status):
            raise NotFound(NOT_FOUND)
        body = await request.read()
        if request.method == "PUT":
            data = parse_body(body, _body_type(request))
            written = await self._writer.update(path, data, validation=validation, dry_run=dry_run)
        elif request.content_type == APPLY_TYPE:
            options = ApplyOptions(
                manager=request.query.get("fieldManager", ""),
                force=parse_flag(request.query, "force"),
                wall=format_timestamp(self._clock.wall()),
            )
            wanted = parse_body(body, YAML_TYPES[0])
            written, new = await self._writer.apply(
                path, wanted, options, validation=validation, dry_run=dry_run
            )
            return self._answer(request, path, written, status=201 if new else 200)
        else:
            change = parse_patch(body, request.content_type, path.resource)
            written = await self._writer.patch(path, change, validation=validation, dry_run=dry_run)
        return self._answer(request, path, written, status=200)

    async def _change_scale(self, request: web.Request, path: ResourcePath) -> web.StreamResponse:
        body = await request.read()
        if request.method == "PUT":
            change = _replacing(parse_body(body, _body_type(request)))
        else:
            change = parse_patch(body, request.content_type, path.resource)
        written = await self._writer.patch(
            replace(path, subresource=""),
            with_scale(change),
            validation=parse_validation(request.query),
            dry_run=parse_dry_run(request.query),
        )
        scale = make_scale(orjson.loads(written.obj.encode()))
        return web.Response(body=encode_json(scale), content_type=_JSON)

    async def _delete(self, request: web.Request, path: ResourcePath) -> web.StreamResponse:
        body = await request.read()
        data = parse_body(body, _body_type(request)) if body else {}
        options = parse_delete_options(data, request.query)
        if not path.name:
            selection = self._selection(request, path)
            deleted = await self._writer.delete_collection(path, selection, options)
            version = self._store.resource_version
            chunks = encode_list(path.resource, path.api_version, deleted, version)
            return await _stream(request, chunks)
        entry, gone = await self._writer.delete(path, options)
        if gone:
            subject = about(path.resource, path.name, entry.uid)
            return web.Response(body=encode_json(make_success(subject)), content_type=_JSON)
        return web.Response(body=encode_entry(entry, path.api_version), content_type=_JSON)

    def _answer(
        self, request: web.Request, path: ResourcePath, written: Written, *, status: int
    ) -> web.Response:
        response = web.Response(
            body=_encode_object(path, written.obj), status=status, content_type=_JSON
        )
        for warning in written.warnings:
            response.headers.add("Warning", make_warning(warning))
        return response


def _replacing(wanted: dict[str, Any]) -> Change:
    return lambda _: wanted


def _body_type(request: web.Request) -> str:
    """The content type; without one (the guard has let it pass) the body is JSON."""
    return request.content_type if request.headers.get("Content-Type") else _JSON


def _encode_object(path: ResourcePath, obj: Object) -> bytes:
    return encode_stored(path.resource, obj.encode(), path.api_version)


async def _stream(request: web.Request, chunks: Iterator[bytes]) -> web.StreamResponse:
    """Send chunks with a turn of the loop after each; a single one as a plain response."""
    first = next(chunks)
    second = next(chunks, None)
    if second is None:
        return web.Response(body=first, content_type=_JSON)
    response = web.StreamResponse(headers={"Content-Type": _JSON})
    response.enable_chunked_encoding()
    await response.prepare(request)
    for chunk in _chain((first, second), chunks):
        await response.write(chunk)
        await asyncio.sleep(0)
    await response.write_eof()
    return response


def _chain(head: Iterable[bytes], tail: Iterator[bytes]) -> Iterator[bytes]:
    yield from head
    yield from tail


async def _stream_log(request: web.Request, chunks: AsyncIterator[bytes]) -> web.StreamResponse:
    # The first chunk is awaited before the headers go out, so that an error is still a Status.
    first: Any = await anext(chunks, None)
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        if first is not None:
            await response.write(first)
            async for chunk in chunks:
                await response.write(chunk)
        await response.write_eof()
    except ConnectionError:
        pass  # the reader went away, which is how a followed log ends
    return response
