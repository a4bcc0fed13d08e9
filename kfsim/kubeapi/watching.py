"""Watch streams: one JSON line per event, as the API server sends them.

Without a resourceVersion (or with 0) a watch begins with an ADDED event per existing object. With
`sendInitialEvents` these are followed by a BOOKMARK that marks their end. An object that leaves
the selection is DELETED for this watcher, one that enters it ADDED. History that is no longer kept
ends the stream with an ERROR event holding a 410 Status.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kfsim.api.scheme import ResourceKind
from kfsim.base.errors import BadRequest, Gone
from kfsim.kubeapi.encoding import encode_json
from kfsim.kubeapi.queries import Selection, parse_flag, parse_number
from kfsim.kubeapi.status import make_failure
from kfsim.store import Entry, EventType, Store, StoreEvent, Watch

_BOOKMARK_SECONDS: Final = 60.0
_INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
EncodeEntry = Callable[[Entry], bytes]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """`since` None: begin with what exists. Times in seconds."""

    since: int | None = None
    mark_initial_end: bool = False
    bookmarks: bool = False
    timeout: float | None = None


def parse_watch(query: Mapping[str, str]) -> WatchOptions:
    """Raises BadRequest."""
    version = query.get("resourceVersion", "")
    initial = parse_flag(query, "sendInitialEvents")
    if version and not (version.isascii() and version.isdigit()):
        raise BadRequest(f'invalid resourceVersion "{version}": expected a whole number')
    timeout = parse_number(query, "timeoutSeconds")
    return WatchOptions(
        since=None if initial or version in ("", "0") else int(version),
        mark_initial_end=initial,
        bookmarks=parse_flag(query, "allowWatchBookmarks"),
        timeout=float(timeout) if timeout else None,
    )


def select_event(event: StoreEvent, selection: Selection) -> EventType | None:
    """What an event is for a watcher of `selection`; None: nothing."""
    before = event.old is not None and selection.matches(event.old)
    if event.type is EventType.DELETED:
        return EventType.DELETED if before else None
    if selection.matches(event.entry):
        return EventType.MODIFIED if before else EventType.ADDED
    return EventType.DELETED if before else None


class WatchStream:
    """One watch's lines. `close` ends it from outside (the server stops)."""

    def __init__(
        self,
        *,
        store: Store,
        resource: ResourceKind,
        api_version: str,
        selection: Selection,
        options: WatchOptions,
        encode: EncodeEntry,
    ) -> None:
        self._store = store
        self._resource = resource
        self._api_version = api_version
        self._selection = selection
        self._options = options
        self._encode = encode
        self._watch: Watch | None = None

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Until the timeout, `close`, or an ERROR event."""
        store, options = self._store, self._options
        try:
            watch = self._watch = store.watch(self._resource.model, since=options.since)
        except Gone as error:
            yield _error_line(error)
            return
        version = store.resource_version
        try:
            if options.since is None:
                for entry in store.entries(self._resource.model, self._selection.namespace):
                    if self._selection.matches(entry):
                        yield self._line(EventType.ADDED, entry)
            if options.mark_initial_end:
                yield self._bookmark(version, initial_end=True)
            async for line in self._live(watch):
                yield line
        except Gone as error:
            yield _error_line(error)
        finally:
            watch.close()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()

    async def _live(self, watch: Watch) -> AsyncGenerator[bytes, None]:
        # Timeouts enclose only the wait: a generator must not be suspended inside one.
        loop = asyncio.get_running_loop()
        timeout = self._options.timeout
        end = None if timeout is None else loop.time() + timeout
        while True:
            bookmark = loop.time() + _BOOKMARK_SECONDS if self._options.bookmarks else None
            try:
                async with asyncio.timeout_at(min(filter(None, (end, bookmark)), default=None)):
                    event = await anext(watch)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if end is not None and loop.time() >= end:
                    return
                if bookmark is not None:
                    yield self._bookmark(self._store.resource_version, initial_end=False)
                continue
            lines = [self._event_line(each) for each in (event, *watch.take())]
            if text := b"".join(lines):
                yield text

    def _event_line(self, event: StoreEvent) -> bytes:
        type_ = select_event(event, self._selection)
        return b"" if type_ is None else self._line(type_, event.entry)

    def _line(self, type_: EventType, entry: Entry) -> bytes:
        return b'{"type":"%b","object":%b}\n' % (type_.encode(), self._encode(entry))

    def _bookmark(self, version: int, *, initial_end: bool) -> bytes:
        metadata: dict[str, Any] = {"resourceVersion": str(version)}
        if initial_end:
            metadata["annotations"] = {_INITIAL_EVENTS_END: "true"}
        body = {
            "kind": self._resource.kind,
            "apiVersion": self._api_version,
            "metadata": metadata,
        }
        return encode_json({"type": "BOOKMARK", "object": body}) + b"\n"


def _error_line(error: Gone) -> bytes:
    return encode_json({"type": "ERROR", "object": make_failure(error)}) + b"\n"
