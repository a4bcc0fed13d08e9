"""Images: which are here, and what it takes to have one.

    ensure: read the reference → (not Always) here? stand-in? → pull → look again

Policies, events and reasons are kubelet's (pkg/kubelet/images/image_manager.go). What is here is
asked of the engine each time a container is made; the index only answers `has`, which must not
wait. One rule is the laptop's: an image of `latest` without a stated policy that cannot be pulled
and is here is used, for it may have been built here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kfsim.api.core import Container
from kfsim.backends.docker.creation import Remark
from kfsim.backends.docker.errors import EngineRefused, EngineUnavailable
from kfsim.backends.docker.image_index import ImageIndex
from kfsim.backends.docker.keyring import find_logins
from kfsim.backends.docker.pull_progress import PullProgress
from kfsim.backends.docker.pulls import ImageEngine, Puller, PullFailed
from kfsim.backends.docker.references import InvalidReference, Reference, parse_reference
from kfsim.backends.docker.registry_errors import describe_pull_error
from kfsim.backends.docker.standins import SKLEARN_IMAGE, find_stand_in
from kfsim.backends.failures import StartFailure
from kfsim.backends.transfers import Transfer
from kfsim.base.clock import Clock, RealClock
from kfsim.base.quantities import format_duration
from kfsim.base.tasks import TaskSet
from kfsim.replicas.backend import RegistryLogin
from kfsim.replicas.failures import PULL_ERROR

Note = Callable[[Remark], None]
INVALID_IMAGE_NAME = "InvalidImageName"
ERR_IMAGE_NEVER_PULL = "ErrImageNeverPull"
_ALWAYS, _NEVER, _IF_NOT_PRESENT = "Always", "Never", "IfNotPresent"
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class PulledImage:
    """An image that is here. `reference` is what to create with, `user` the image's own ('' is
    root), `args` what its entrypoint is given where it stands in for the container's image."""

    reference: str
    image_id: str
    user: str = ""
    args: tuple[str, ...] | None = None

    def adapt(self, container: Container) -> Container:
        """The container as it is created: a stand-in has arguments of its own."""
        if self.args is None:
            return container
        return container.replaced(command=(), args=self.args)


class Images:
    """The images of one engine."""

    def __init__(self, engine: ImageEngine, *, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or RealClock()
        self._puller = Puller(engine)
        self._tasks = TaskSet("images")
        self._index: ImageIndex | None = None
        self._stale = False
        self._refreshing = False
        engine.on_change(self._on_engine_change)

    def has(self, image: str) -> bool | None:
        """Whether the image is here, however it is spelled; None when that is not known yet."""
        if self._index is None:
            return None
        try:
            return self._index.has(parse_reference(image))
        except InvalidReference:
            return False

    def progress(self, image: str) -> PullProgress | None:
        """How far a pull of the image is; None when none is under way."""
        try:
            return self._puller.progress(parse_reference(image))
        except InvalidReference:
            return None

    def transfers(self) -> tuple[Transfer, ...]:
        """Images on their way."""
        return self._puller.transfers()

    async def refresh(self) -> None:
        """Look again at what is here. Raises EngineUnavailable and EngineRefused."""
        self._index = ImageIndex(await self._engine.call("list images", lambda c: c.images()))

    def on_image_event(self, event: Mapping[str, Any]) -> None:
        """Hear of an image that came, went or changed its name; on the loop."""
        # Events do not tell all that changed (untag has no name), so they only ask for a look.
        self._refresh_soon()

    async def ensure(
        self, container: Container, logins: Mapping[str, RegistryLogin], note: Note
    ) -> PulledImage:
        """Have the container's image here, pulled where its policy says so.

        Raises StartFailure (InvalidImageName, ErrImagePull, ErrImageNeverPull) and
        EngineUnavailable.
        """
        reference = _read_reference(container)
        stated = container.image_pull_policy
        policy = stated or default_pull_policy(reference)
        local = None if stated == _ALWAYS else await self._find(reference)
        if local is not None and policy != _ALWAYS:
            text = f'Container image "{container.image}" already present on machine'
            note(Remark("Pulled", text, warning=False))
            return local
        if local is None and (stand_in := await self._find_stand_in(container, note)) is not None:
            return stand_in
        if policy == _NEVER:
            raise StartFailure(
                ERR_IMAGE_NEVER_PULL,
                f'Container image "{container.image}" is not present with pull policy of Never',
            )
        try:
            return await self._pull(container, reference, logins, note)
        except StartFailure as failure:
            if local is None:
                raise
            note(Remark("ImageNotRefreshed", f"{failure.message}; the image here is used"))
            return local

    async def close(self) -> None:
        """End pulls and looks that are under way."""
        await self._tasks.close()
        await self._puller.close()

    async def _find(self, reference: Reference) -> PulledImage | None:
        name = reference.canonical
        try:
            found = await self._engine.call(
                f"inspect image {name}", lambda client: client.inspect_image(name)
            )
        except EngineRefused as error:
            if error.status == _NOT_FOUND:
                return None
            raise StartFailure(
                "ImageInspectError", f'Failed to inspect image "{name}": {error.message}'
            ) from error
        digests = found.get("RepoDigests") or ()
        # dockershim's image ids (pkg/kubelet/dockershim/convert.go)
        image_id = f"docker-pullable://{digests[0]}" if digests else f"docker://{found['Id']}"
        return PulledImage(name, image_id, user=(found.get("Config") or {}).get("User") or "")

    async def _find_stand_in(self, container: Container, note: Note) -> PulledImage | None:
        if find_stand_in(container, lambda _: True) is None:
            return None
        own = await self._find(parse_reference(SKLEARN_IMAGE))
        stand_in = find_stand_in(container, lambda _: own is not None)
        if own is None or stand_in is None:
            return None
        text = (
            f'Container image "{container.image}" is not present on machine; kfsim\'s own '
            f'"{stand_in.image}" is used in its place (imagePullPolicy: Always pulls it)'
        )
        note(Remark("ImageSubstituted", text, warning=False))
        return PulledImage(own.reference, own.image_id, own.user, stand_in.args)

    async def _pull(
        self,
        container: Container,
        reference: Reference,
        logins: Mapping[str, RegistryLogin],
        note: Note,
    ) -> PulledImage:
        image = container.image or ""
        note(Remark("Pulling", f'Pulling image "{image}"', warning=False))
        began = self._clock.now()
        try:
            await self._puller.pull(reference, find_logins(reference, logins))
        except PullFailed as failed:
            raise StartFailure(PULL_ERROR, describe_pull_error(image, failed.words)) from failed
        took = format_duration(round(self._clock.now() - began, 3))
        pulled = await self._find(reference)
        if pulled is None:
            raise StartFailure(
                PULL_ERROR,
                describe_pull_error(image, "it was pulled, and removed before it was used"),
            )
        text = f'Successfully pulled image "{image}" in {took}'
        note(Remark("Pulled", text, warning=False))
        return pulled

    # The index

    def _on_engine_change(self, available: bool) -> None:
        if available:
            self._refresh_soon()
        else:
            self._index = None

    def _refresh_soon(self) -> None:
        self._stale = True
        if not self._refreshing:
            self._refreshing = True
            self._tasks.spawn(self._refresh_while_stale(), name="refresh")

    async def _refresh_while_stale(self) -> None:
        try:
            while self._stale:
                self._stale = False
                await self.refresh()
        except (EngineUnavailable, EngineRefused):  # the engine's return asks for the next look
            self._index = None
        finally:
            self._refreshing = False


def default_pull_policy(reference: Reference) -> str:
    """Kubernetes' default (pkg/apis/core/v1/defaults.go): what may change is always pulled."""
    return _ALWAYS if reference.tag == "latest" else _IF_NOT_PRESENT


def _read_reference(container: Container) -> Reference:
    image = container.image or ""
    try:
        return parse_reference(image)
    except InvalidReference as error:
        raise StartFailure(
            INVALID_IMAGE_NAME,
            f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": '
            f"{error}",
        ) from error
