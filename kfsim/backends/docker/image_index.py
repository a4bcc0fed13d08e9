"""Which images the engine has, under every spelling.

Pure. Made of the engine's list of images; asked by reference.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kfsim.backends.docker.references import InvalidReference, Reference, parse_reference


class ImageIndex:
    """The images of one engine at one moment."""

    def __init__(self, images: Iterable[Mapping[str, Any]]) -> None:
        """`images` as `GET /images/json` lists them."""
        self._names: dict[str, None] = {}
        for image in images:
            for name in (*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())):
                try:
                    self._names[parse_reference(name).canonical] = None
                except InvalidReference:  # `<none>:<none>` of an image that lost its name
                    continue

    def has(self, reference: Reference) -> bool:
        return reference.canonical in self._names
