"""An engine with images and registries in memory, for code that only needs those."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from kfsim.backends.docker.errors import EngineRefused, EngineUnavailable
from kfsim.backends.docker.references import parse_reference

T = TypeVar("T")
Auth = Mapping[str, str] | None


class FakeImageEngine:
    """`remote` says what a pull of a canonical reference with a login answers: messages, or an
    error. A pull waits for `gate` first; `pulled` are the logins that pulls were made with."""

    def __init__(self) -> None:
        self.store: dict[str, dict[str, Any]] = {}
        self.remote: dict[str, Callable[[Auth], Iterable[Mapping[str, Any]]]] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.pulled: list[tuple[str, Auth]] = []
        self.streams = 0
        self.lists = 0
        self.lost = False
        self.timeout: float | None = None
        self._listeners: list[Callable[[bool], None]] = []

    def add(
        self, name: str, *, user: str = "", digest: str = "", image_id: str = "sha256:1"
    ) -> None:
        reference = parse_reference(name)
        self.store[reference.canonical] = {
            "Id": image_id,
            "RepoTags": [name],
            "RepoDigests": [f"{reference.repository}@{digest}"] if digest else [],
            "Config": {"User": user},
        }

    def offer(self, name: str, *, needs: Auth = None, words: str = "unauthorized") -> None:
        """A registry that has the image, maybe only for one login."""

        def answer(auth: Auth) -> Iterator[Mapping[str, Any]]:
            if needs is not None and auth != needs:
                yield {"error": words, "errorDetail": {"message": words}}
                return
            detail = {"current": 5, "total": 10}
            yield {"id": "a", "status": "Downloading", "progressDetail": detail}
            self.add(name)

        self.remote[parse_reference(name).canonical] = answer

    # The engine's side

    def on_change(self, listener: Callable[[bool], None]) -> None:
        self._listeners.append(listener)

    def change(self, *, available: bool) -> None:
        self.lost = not available
        for listener in self._listeners:
            listener(available)

    async def call(self, what: str, function: Callable[[Any], T]) -> T:
        await asyncio.sleep(0)
        if self.lost:
            raise EngineUnavailable("the engine is gone")
        return function(self)

    async def stream(self, function: Callable[[Any], Iterable[T]]) -> AsyncIterator[T]:
        self.streams += 1
        try:
            if self.lost:
                raise EngineUnavailable("the engine is gone")
            for item in function(self):
                yield item
                await self.gate.wait()
        finally:
            self.streams -= 1

    # The client's side

    def images(self) -> list[dict[str, Any]]:
        self.lists += 1
        return list(self.store.values())

    def inspect_image(self, name: str) -> dict[str, Any]:
        found = self.store.get(parse_reference(name).canonical)
        if found is None:
            raise EngineRefused(f"No such image: {name}", status=404)
        return found

    def pull(
        self, repository: str, *, tag: str, stream: bool, decode: bool, auth_config: Auth
    ) -> Iterable[Mapping[str, Any]]:
        assert stream
        assert decode
        name = f"{repository}@{tag}" if ":" in tag else f"{repository}:{tag}"
        self.pulled.append((name, auth_config))
        if name not in self.remote:
            raise EngineRefused(f"manifest for {name} not found: manifest unknown", status=404)
        return self.remote[name](auth_config)
