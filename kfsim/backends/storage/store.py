"""The models of all replicas: sources of this host in place, remote ones from the cache.

    provide: locate or fetch every source → use it where it is, or compose the replica's view

One fetch of a source at a time: who asks meanwhile shares it, and it ends early only when nobody
waits for it any more. What touches many bytes runs in child processes (`jobs`).
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from kfsim.backends.storage.cache import Cache, current_epoch
from kfsim.backends.storage.failures import StorageFailure, cannot_provide, redact_uri
from kfsim.backends.storage.jobs import Jobs, Progress
from kfsim.backends.storage.local import find_packed, is_remote, locate_model
from kfsim.backends.storage.placing import is_private, leads_out, link_place, make_view
from kfsim.backends.storage.records import erase_record, read_record, write_record
from kfsim.backends.storage.requests import ModelPlace, ModelRequest
from kfsim.backends.storage.settings import StorageSettings
from kfsim.backends.storage.sharing import SharedWork
from kfsim.backends.transfers import Transfer
from kfsim.base.clock import RealClock

Note = Callable[[str], None]
"""Hears what went otherwise than asked, though the model is there."""

# A worker marks what it found as used; until its answer is here and the object held, that mark
# alone protects it.
_PRUNE_MARGIN_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Found:
    """A tree of the cache; `note` is not empty when it may be older than its source."""

    tree: Path
    note: str


class ModelStore:
    """Provides models to all backends of a daemon. Everything is called on the loop."""

    def __init__(
        self, *, cache_dir: Path, claims: Path, settings: StorageSettings | None = None
    ) -> None:
        """`claims` holds a folder NAMESPACE/CLAIM per claim. `cache_dir` is made when something
        is fetched first; other daemons may use it at the same time."""
        self._settings = settings or StorageSettings()
        self._cache_dir = cache_dir
        self._claims = claims
        self._epoch = current_epoch()
        self._cache = Cache(cache_dir, epoch=self._epoch)
        self._jobs = Jobs(parallel=self._settings.parallel)
        self._fetches = SharedWork[_Found]("models")
        self._held: dict[str, int] = {}

    async def provide(
        self, request: ModelRequest, *, note: Note | None = None, progress: Progress | None = None
    ) -> Path:
        """A folder of this host with the models: the source itself, an object of the cache, or
        the request's view. Raises StorageFailure; may be cancelled.

        `note` hears when an earlier copy stands in for a source that is down; `progress` hears
        bytes and, where it is known, how many there will be.
        """
        sources = [
            await self._source(place, request, note=note, progress=progress)
            for place in request.places
        ]
        try:
            folder = await self._lay_out(sources, request, progress)
            if not request.host_links:
                await asyncio.to_thread(write_record, request.view, folder)
        except OSError as error:
            raise StorageFailure(
                f"cannot lay out the model in {request.view}: {error.strerror or error}"
            ) from error
        return folder

    def transfers(self) -> tuple[Transfer, ...]:
        """What is being fetched now."""
        return tuple(
            Transfer(f"model {redact_uri(key)}", *moved)
            for key, moved in self._fetches.moved().items()
        )

    async def recall(self, request: ModelRequest) -> Path | None:
        """What `provide` gave for this view to a replica in a container, perhaps in an earlier
        daemon's time: an adopted replica goes on with it, as with an emptyDir, and it is spared
        from pruning. None where nothing is left of it."""
        folder = await asyncio.to_thread(read_record, request.view)
        if folder is None:
            return None
        digest = self._cache.digest_of(folder)
        if digest is not None:
            await self._hold(digest)
        return folder

    async def size(self) -> int:
        """Bytes of all models in the cache."""
        return await asyncio.to_thread(self._cache.size)

    async def prune(self, *, unused_seconds: float) -> int:
        """Remove models that no daemon uses and nobody asked for in that time (at least a minute);
        the bytes freed. Nothing else ever removes a model. Raises StorageFailure."""
        since = RealClock().wall() - max(unused_seconds, _PRUNE_MARGIN_SECONDS)
        what = f"cannot prune the model cache {self._cache_dir}"
        done = await self._run("prune", what, None, unused_since=since)
        freed: int = done["freed"]
        return freed

    async def close(self) -> None:
        """End what is under way, and let go of the models in use."""
        await self._fetches.close()
        held, self._held = self._held, {}
        for descriptor in held.values():
            os.close(descriptor)

    async def _lay_out(
        self, sources: list[Path], request: ModelRequest, progress: Progress | None
    ) -> Path:
        if await asyncio.to_thread(_serves_as_it_is, sources, request):
            return sources[0]
        await asyncio.to_thread(erase_record, request.view)  # half a view is none
        await asyncio.to_thread(make_view, request.view, writable=request.writable)
        for source, place in zip(sources, request.places, strict=True):
            await self._place(source, place, request, progress)
        return request.view

    async def _source(
        self,
        place: ModelPlace,
        request: ModelRequest,
        *,
        note: Note | None,
        progress: Progress | None,
    ) -> Path:
        if is_remote(place.uri):
            return await self._fetched(place.uri, {"uri": place.uri}, note, progress)
        claims = self._claims / request.namespace
        located, packed = await asyncio.to_thread(_locate, place.uri, claims)
        if packed is None:
            return located
        return await self._fetched(f"file://{packed}", {"path": str(packed)}, note, progress)

    async def _fetched(
        self, key: str, source: dict[str, str], note: Note | None, progress: Progress | None
    ) -> Path:
        found = await self._fetches.get(
            key,
            lambda told: self._fetch(key, source, told),
            name=f"fetch {redact_uri(key)}",
            progress=progress,
        )
        if found.note and note is not None:
            note(found.note)
        return found.tree

    async def _fetch(self, key: str, source: dict[str, str], progress: Progress) -> _Found:
        done = await self._run(
            "fetch",
            cannot_provide(key),
            progress,
            **source,
            limits=asdict(self._settings.limits),
            connect=self._settings.connect_seconds,
            stall=self._settings.stall_seconds,
        )
        digest = done["digest"]
        await self._hold(digest)
        return _Found(self._cache.tree(digest), done["note"])

    async def _hold(self, digest: str) -> None:
        if digest in self._held:
            return
        descriptor = await asyncio.to_thread(self._cache.hold, digest)
        if self._held.setdefault(digest, descriptor) != descriptor:
            os.close(descriptor)  # another fetch gave the same content meanwhile

    async def _place(
        self, source: Path, place: ModelPlace, request: ModelRequest, progress: Progress | None
    ) -> None:
        if request.host_links and not request.writable:
            await asyncio.to_thread(link_place, source, request.view, place.folder)
            return
        await self._run(
            "copy",
            f"cannot lay out the model {redact_uri(place.uri)}",
            progress,
            source=str(source),
            view=str(request.view),
            folder=place.folder,
            writable=request.writable,
        )

    async def _run(
        self, operation: str, what: str, progress: Progress | None, **job: Any
    ) -> dict[str, Any]:
        common = {"op": operation, "what": what, "cache": str(self._cache_dir)}
        return await self._jobs.run(
            {**job, **common, "epoch": self._epoch}, progress or (lambda _current, _total: None)
        )


def _locate(uri: str, claims: Path) -> tuple[Path, Path | None]:
    located = locate_model(uri, claims=claims)
    try:
        return located, find_packed(located)
    except OSError as error:  # changed under our hands
        raise StorageFailure(f"{cannot_provide(uri)}: {error.strerror or error}") from error


def _serves_as_it_is(sources: list[Path], request: ModelRequest) -> bool:
    """Whether the one source can be mounted itself."""
    if request.writable or len(sources) != 1 or request.places[0].folder:
        return False
    source = sources[0]
    if not source.is_dir():
        return False
    return request.host_links or not (leads_out(source) or is_private(source))
