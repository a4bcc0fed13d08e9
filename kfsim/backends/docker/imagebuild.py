"""Building the built-in runtimes' images: one build, told in short lines.

The engine's own builder does the work (the classic one, which the SDK drives); what it prints is
kept only to show the end of it when a step fails. Everything here blocks.
"""

import contextlib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from kfsim import __version__
from kfsim.backends.docker.imagecontext import (
    InstallSources,
    default_base_image,
    known_runtimes,
    make_context,
)
from kfsim.backends.docker.standins import default_tag
from kfsim.base.errors import BadRequest, KfsimError

Client: TypeAlias = Any
"""docker.APIClient; the package has no types."""
_TITLE = "org.opencontainers.image.title"
_STEP = re.compile(r"Step (\d+)/(\d+) : (\S+)\s*(.*)")
_SLOW = {"FROM", "COPY", "RUN"}  # the others only note something
_LAYER = re.compile(r" ---> ([0-9a-f]{12,})$")
_BOOKKEEPING = re.compile(r"\s*$| ---> |Removing intermediate container ")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_SHOWN_LINES = 12
_SHOWN_WIDTH = 76


class BuildFailed(KfsimError):
    """A step of a build failed; the message has the builder's last words."""

    reason: ClassVar[str] = "BuildFailed"


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One image to build. `base_image` empty means the Dockerfile's; `tag` empty means the name
    under which the runtime looks for it."""

    runtime: str
    base_image: str = ""
    tag: str = ""
    no_cache: bool = False
    sources: InstallSources = field(default_factory=InstallSources)

    @property
    def image(self) -> str:
        return self.tag or default_tag(self.runtime)


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image of a built-in runtime that the engine has; `size` in bytes, `created` Unix time."""

    runtime: str
    tag: str
    image_id: str
    created: float
    size: int


def build_image(client: Client, request: BuildRequest) -> Iterator[str]:
    """Build it, yielding a line per step. Raises BadRequest, BuildFailed."""
    if request.runtime not in known_runtimes():
        raise BadRequest(
            f"cannot build an image for runtime {request.runtime!r}: kfsim has none of that name; "
            f"known: {', '.join(known_runtimes())}"
        )
    base_image = request.base_image or default_base_image(request.runtime)
    yield f"building {request.image} from {base_image}"
    with make_context(request.runtime, request.sources) as context:
        stream = client.build(
            fileobj=context,
            custom_context=True,
            decode=True,
            rm=True,
            forcerm=True,
            nocache=request.no_cache,
            tag=request.image,
            labels=_labels(request.runtime, base_image),
            buildargs={"BASE_IMAGE": base_image},
        )
        narration = _Narration(request.image, base_image)
        try:
            yield from narration.follow(stream)
        finally:
            if request.sources.private and narration.first_stage:
                _forget(client, narration.first_stage)
    image = client.inspect_image(request.image)
    yield f"built {request.image} ({image['Id'][7:19]}, {image['Size'] / 1e6:.0f} MB)"


def list_images(client: Client) -> list[BuiltImage]:
    """All tags of images that were built here, by runtime and tag."""
    found = [
        BuiltImage(runtime, tag, image["Id"], image["Created"], image["Size"])
        for runtime in known_runtimes()
        for image in client.images(filters={"label": f"{_TITLE}={_title(runtime)}"})
        for tag in image["RepoTags"] or ()
        if tag != "<none>:<none>"
    ]
    return sorted(found, key=lambda each: (each.runtime, each.tag))


class _Narration:
    """The builder's stream as short lines; its output is kept for a failure."""

    def __init__(self, image: str, base_image: str) -> None:
        self._image, self._base_image = image, base_image
        self.first_stage = ""
        """The id of the first stage as far as it is built; it stays with the engine as a cache."""
        self._stages = 0
        self._step = ""
        self._output: deque[str] = deque(maxlen=_SHOWN_LINES)
        self._pulling = False

    def follow(self, stream: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        for event in stream:
            if "error" in event:
                code = event.get("errorDetail", {}).get("code")
                # The engine's text for an exit code repeats the whole command.
                raise self._failure(f"exit code {code}" if code else str(event["error"]))
            if "id" in event and not self._pulling:
                self._pulling = True
                yield f"pulling {self._base_image}"
            for line in _COLOURS.sub("", str(event.get("stream", ""))).splitlines():
                if found := _STEP.match(line):
                    number, count, instruction, rest = found.groups()
                    self._step = f"step {number} of {count}: {instruction} {' '.join(rest.split())}"
                    self._output.clear()
                    self._stages += instruction == "FROM"
                    if instruction in _SLOW:
                        yield _shorten(self._step)
                elif found := _LAYER.match(line):
                    # FROM shows the base image, which is not ours.
                    if self._stages == 1 and ": FROM " not in self._step:
                        self.first_stage = found[1]
                elif not _BOOKKEEPING.match(line):
                    self._output.append(line)

    def _failure(self, error: str) -> BuildFailed:
        what = f"cannot build {self._image}: {_shorten(self._step) or 'the build'} failed: {error}"
        if self._output:
            what += "".join(["; its last lines:", *(f"\n  {line}" for line in self._output), "\n"])
        else:
            what += "; "
        if ": FROM " in self._step:
            mend = (
                f"{self._base_image} must be an image with Python that is here or can be pulled; "
                "choose another with --base-image"
            )
        else:
            mend = (
                "if packages could not be fetched, --extra-ca gives a private certificate "
                "authority, PIP_INDEX_URL another index, and --wheels installs without the network"
            )
        return BuildFailed(what + mend)


def _forget(client: Client, image: str) -> None:
    """Remove a stage and the untagged images that it was made from."""
    import docker  # type: ignore[import-untyped]  # it has none; late: it imports slowly

    # Another build may use it at this moment.
    with contextlib.suppress(docker.errors.APIError):
        client.remove_image(image)


def _labels(runtime: str, base_image: str) -> dict[str, str]:
    prefix = "org.opencontainers.image"
    return {
        _TITLE: _title(runtime),
        f"{prefix}.description": f"kfsim's model server in place of kserve's {runtime}",
        f"{prefix}.version": __version__,
        f"{prefix}.licenses": "Apache-2.0",
        f"{prefix}.base.name": base_image,
    }


def _title(runtime: str) -> str:
    return f"kfsim {runtime}"


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_WIDTH else f"{text[: _SHOWN_WIDTH - 1]}…"
