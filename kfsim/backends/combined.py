"""Several backends behind one port: each replica lives on the one that was chosen for it.

A Pod names its backend by annotation (`replicas.choice`); one that no Revision stands behind is
decided on when it starts. Where a replica went is remembered for as long as it is known, and its
log is looked for everywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from kfsim.api.core import Probe
from kfsim.base.errors import AlreadyExists, KfsimError, NotFound, Unavailable
from kfsim.base.types import ReplicaKey
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import (
    BackendCapabilities,
    LogOptions,
    ProbeResult,
    ReplicaBackend,
    ReplicaEvent,
    ReplicaEventKind,
    ReplicaSpec,
    RunningReplica,
)
from kfsim.replicas.choice import BackendChooser
from kfsim.replicas.marks import BACKEND_ANNOTATION

_ASK_AGAIN_SECONDS = 0.02


class CombinedBackend:
    """Dispatches by Pod. `backends` are by the name that choices give."""

    def __init__(self, backends: Mapping[str, ReplicaBackend], *, chooser: BackendChooser) -> None:
        self._backends = dict(backends)
        self._chooser = chooser
        self._homes: dict[ReplicaKey, ReplicaBackend] = {}

    @property
    def capabilities(self) -> BackendCapabilities:
        """What any of them can; the rest is each replica's own backend's."""
        all_of_them = [each.capabilities for each in self._backends.values()]
        return BackendCapabilities(
            name="combined",
            adopts=any(each.adopts for each in all_of_them),
            uses_images=any(each.uses_images for each in all_of_them),
        )

    def subscribe(self, listener: Callable[[ReplicaEvent], None]) -> None:
        """See ReplicaBackend."""

        def hear(event: ReplicaEvent) -> None:
            if event.kind is ReplicaEventKind.GONE:
                self._homes.pop(event.key, None)
            listener(event)

        for backend in self._backends.values():
            backend.subscribe(hear)

    async def open(self) -> None:
        """Open all; the first problem is raised."""
        for backend in self._backends.values():
            await backend.open()

    async def start(self, spec: ReplicaSpec) -> None:
        """See ReplicaBackend."""
        if spec.key in self._homes:
            raise AlreadyExists(f"replica {spec.key} is running already; stop it first")
        backend = self._homes[spec.key] = await self._choose(spec)
        try:
            await backend.start(spec)
        except BaseException:
            self._homes.pop(spec.key, None)
            raise

    async def _choose(self, spec: ReplicaSpec) -> ReplicaBackend:
        annotations = spec.pod.metadata.annotations
        name = annotations.get(BACKEND_ANNOTATION)
        while name is None:
            choice = self._chooser.choose(spec.pod.spec, annotations)
            if choice is None:
                await asyncio.sleep(_ASK_AGAIN_SECONDS)
            else:
                name = choice.name
        backend = self._backends.get(name)
        if backend is None:
            raise Unavailable(
                f"replica {spec.key} is to run on the backend {name!r}, which this daemon does not "
                f"have; it has {', '.join(self._backends)}"
            )
        return backend

    async def restart_container(self, key: ReplicaKey, container: str) -> None:
        """See ReplicaBackend."""
        await self._home(key).restart_container(key, container)

    async def stop(self, key: ReplicaKey, *, grace_seconds: float) -> None:
        """See ReplicaBackend."""
        home = self._homes.get(key)
        for backend in (home,) if home is not None else self._backends.values():
            await backend.stop(key, grace_seconds=grace_seconds)

    def address(self, key: ReplicaKey, port: int) -> Address:
        """See ReplicaBackend."""
        return self._home(key).address(key, port)

    async def probe(self, key: ReplicaKey, container: str, probe: Probe) -> ProbeResult:
        """See ReplicaBackend."""
        return await self._home(key).probe(key, container, probe)

    def logs(self, key: ReplicaKey, options: LogOptions) -> AsyncIterator[bytes]:
        """See ReplicaBackend."""
        home = self._homes.get(key)
        missing: KfsimError | None = None
        for backend in (home,) if home is not None else self._backends.values():
            try:
                return backend.logs(key, options)
            except NotFound as error:
                missing = missing or error
        assert missing is not None  # there is at least one backend
        raise missing

    async def exec(
        self, key: ReplicaKey, container: str, command: Sequence[str]
    ) -> tuple[int, bytes]:
        """See ReplicaBackend."""
        return await self._home(key).exec(key, container, command)

    async def find_running(self) -> Sequence[RunningReplica]:
        """See ReplicaBackend."""
        found: list[RunningReplica] = []
        for backend in self._backends.values():
            if backend.capabilities.adopts:
                running = await backend.find_running()
                self._homes.update((each.key, backend) for each in running)
                found += running
        return found

    def adopt(self, spec: ReplicaSpec) -> None:
        """See ReplicaBackend."""
        self._home(spec.key).adopt(spec)

    async def close(self) -> None:
        """Close all, whatever happens to one of them."""
        results = await asyncio.gather(
            *(each.close() for each in self._backends.values()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _home(self, key: ReplicaKey) -> ReplicaBackend:
        home = self._homes.get(key)
        if home is None:
            raise NotFound(f"replica {key} is not running")
        return home
