"""What manifests need of this machine, read from the documents as they are written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kfsim.base.quantities import parse_quantity
from kfsim.replicas.marks import DOCKER, PROCESS, WANTED_ANNOTATION

_COMPONENTS = ("predictor", "transformer", "explainer")
_GPU = "nvidia.com/gpu"
_STORAGE_URI = "STORAGE_URI"
# kfsim's own model server loads these; other formats run in their images only.
_SERVED_AS_PROCESS = "sklearn"
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Needs:
    """Services by what they need; `images` are those that they cannot do without, `memory` is
    that of all replicas that start, in bytes."""

    docker: tuple[str, ...]
    gpus: tuple[str, ...]
    images: tuple[str, ...]
    memory: int


def read_needs(documents: Iterable[Document]) -> Needs:
    """Of the InferenceServices among the documents, which have been validated."""
    docker, gpus, images = dict[str, None](), dict[str, None](), dict[str, None]()
    memory = 0
    for document in documents:
        if document["kind"] != "InferenceService":
            continue
        name = document["metadata"].get("name", "")
        wanted = (document["metadata"].get("annotations") or {}).get(WANTED_ANNOTATION)
        for component in _components(document):
            replicas = max(1, component.get("minReplicas") or 1)
            for container in _containers(component):
                if wanted == DOCKER or (wanted != PROCESS and _needs_image(container)):
                    docker[name] = None
                    if container.get("image"):
                        images[container["image"]] = None
                resources = container.get("resources") or {}
                if (resources.get("limits") or {}).get(_GPU):
                    gpus[name] = None
                memory += replicas * _memory(resources)
    return Needs(tuple(docker), tuple(gpus), tuple(images), memory)


def read_uris(document: Document) -> Iterator[str]:
    """Every storage URI that an InferenceService names."""
    for component in _components(document):
        for item in component.get("storageUris") or ():
            yield item["uri"]
        for container in _containers(component):
            if uri := container.get("storageUri"):
                yield uri
            for variable in container.get("env") or ():
                if variable.get("name") == _STORAGE_URI and variable.get("value"):
                    yield variable["value"]


def _components(document: Document) -> Iterator[Document]:
    spec = document.get("spec") or {}
    yield from (spec[name] for name in _COMPONENTS if isinstance(spec.get(name), dict))


def _containers(component: Document) -> Iterator[Document]:
    """The model, in whichever of its spellings (`model`, `sklearn`, …), and the containers."""
    for key, value in component.items():
        if isinstance(value, dict) and {"storageUri", "modelFormat"} & value.keys():
            yield {"modelFormat": {"name": key}, **value}
    yield from component.get("containers") or ()


def _needs_image(container: Document) -> bool:
    if "modelFormat" in container:
        return bool(container["modelFormat"].get("name") != _SERVED_AS_PROCESS)
    return not container.get("command")


def _memory(resources: Document) -> int:
    for kind in ("requests", "limits"):
        if (text := (resources.get(kind) or {}).get("memory")) is not None:
            return int(parse_quantity(text))
    return 0
