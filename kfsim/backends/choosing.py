"""Docker or process, for one revision.

What the user asks for is done: the annotation `kfsim.dev/runtime` before `--runtime`. Left to
itself (`auto`) kfsim runs images that are there already, then whatever it can run as a process, and
pulls images last.
"""

from collections.abc import Mapping
from typing import Protocol

from kfsim.api.core import Container, PodSpec
from kfsim.backends.process.recipes import find_recipe
from kfsim.replicas.choice import BackendChoice
from kfsim.replicas.marks import AUTO, DOCKER, PROCESS, WANTED_ANNOTATION
from kfsim.replicas.serving import QUEUE_PROXY


class ImageIndex(Protocol):
    """What the engine has."""

    def has(self, image: str) -> bool | None:
        """Whether the image is present; None while that is not known."""
        ...

    @property
    def problem(self) -> str:
        """Why no engine can be used; empty while one can, or while that is not known."""
        ...


class AutoChooser:
    """The BackendChooser of a daemon with both backends. `wanted` is that of `--runtime`."""

    def __init__(self, *, wanted: str, images: ImageIndex) -> None:
        self._wanted = wanted
        self._images = images

    def asked(self, annotations: Mapping[str, str]) -> BackendChoice | None:
        """See BackendChooser."""
        asked = annotations.get(WANTED_ANNOTATION, "")
        if asked in (DOCKER, PROCESS):
            return BackendChoice(asked, f"the annotation {WANTED_ANNOTATION} asks for it")
        if asked != AUTO and self._wanted in (DOCKER, PROCESS):
            return BackendChoice(self._wanted, f"--runtime {self._wanted} asks for it")
        return None

    def choose(self, spec: PodSpec, annotations: Mapping[str, str]) -> BackendChoice | None:
        """See BackendChooser."""
        containers = [each for each in spec.containers if each.name != QUEUE_PROXY]
        return self.asked(annotations) or self._automatic(containers)

    def _automatic(self, containers: list[Container]) -> BackendChoice | None:
        recipes = [find_recipe(each) for each in containers]
        if self._images.problem:
            if all(recipes):
                return BackendChoice(PROCESS, f"no Docker engine, and {_joined(recipes)}")
            return BackendChoice(DOCKER, "only its image says how to run it")
        missing = []
        for container in containers:
            present = self._images.has(container.image or "")
            if present is None:
                return None
            if not present:
                missing.append(container.image or "(none)")
        if not missing:
            names = ", ".join(dict.fromkeys(each.image or "" for each in containers))
            return BackendChoice(DOCKER, f"{names} is present")
        absent = f"{', '.join(dict.fromkeys(missing))} is not present"
        if all(recipes):
            return BackendChoice(PROCESS, f"{absent}, and {_joined(recipes)}")
        return BackendChoice(DOCKER, f"{absent} and is pulled: only it says how to run")


def _joined(recipes: list[str]) -> str:
    return ", ".join(dict.fromkeys(recipes))
