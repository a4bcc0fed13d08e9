"""Stand-in: images of the engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kfsim.api.core import Container
from kfsim.backends.docker.bodies import Remark
from kfsim.backends.docker.engine import Engine, EngineRefused
from kfsim.backends.failures import StartFailure
from kfsim.replicas.backend import RegistryLogin


@dataclass(frozen=True, slots=True)
class PulledImage:
    reference: str
    image_id: str


class Images:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, str] = {}

    def has(self, image: str) -> bool | None:
        return True if image in self._known else None

    async def refresh(self) -> None:
        self._known.clear()

    def on_image_event(self, event: Mapping[str, Any]) -> None:
        self._known.clear()

    async def ensure(
        self,
        container: Container,
        logins: Mapping[str, RegistryLogin],
        note: Callable[[Remark], None],
    ) -> PulledImage:
        image = container.image or ""
        if image not in self._known:
            try:
                found = await self._engine.call("inspect", lambda c: c.inspect_image(image))
            except EngineRefused as error:
                raise StartFailure("ErrImagePull", error.message) from error
            self._known[image] = f"docker://{found['Id']}"
        return PulledImage(image, self._known[image])
