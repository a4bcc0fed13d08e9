"""What a Pod's storage-initializer asks for, read from the Pod alone.

The initializer's arguments are pairs of URI and folder. Each folder lies in a volume that the
initializer mounts, so a request is made per volume: which sources go where in it, and whether any
container may write there (annotation `storage.kserve.io/readonly: "false"` makes KServe's webhook,
pod/storage_initializer_injector.go, mount it so).
"""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kfsim.api.core import Container, PodSpec, VolumeMount
from kfsim.backends.storage.failures import StorageFailure


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """A source and the folder below the volume's root that gets its files; '' is the root."""

    uri: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class VolumeModels:
    """All that the initializer puts in one volume."""

    volume: str
    places: tuple[ModelPlace, ...]
    writable: bool


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """`view` is a folder of the replica's own, made only where the sources cannot be used as they
    are; `host_links` says that links to paths of this host lead somewhere where the model is used
    (in a process; not in a container, whose file system is another)."""

    places: tuple[ModelPlace, ...]
    namespace: str
    view: Path
    writable: bool = False
    host_links: bool = False


def writable_volumes(spec: PodSpec) -> frozenset[str]:
    """Names of the volumes that a container may write to. Init containers do not count: the
    initializer itself writes to the volume on a cluster, and only it."""
    return frozenset(
        mount.name
        for container in spec.containers
        for mount in container.volume_mounts
        if not mount.read_only
    )


def plan_models(spec: PodSpec, initializer: Container) -> tuple[VolumeModels, ...]:
    """What to provide for the initializer, by volume in the order of its arguments.

    Raises StorageFailure.
    """
    arguments = initializer.args
    if len(arguments) < 2 or len(arguments) % 2:
        raise StorageFailure(
            "storage-initializer needs pairs of arguments, a URI and a folder each; it has "
            f"{len(arguments)}"
        )
    writable = writable_volumes(spec)
    places: dict[str, list[ModelPlace]] = {}
    for uri, target in zip(arguments[::2], arguments[1::2], strict=True):
        folder = posixpath.normpath(target)
        mount = _mount_of(folder, initializer.volume_mounts)
        relative = posixpath.relpath(folder, posixpath.normpath(mount.mount_path))
        place = ModelPlace(uri, "" if relative == "." else relative)
        places.setdefault(mount.name, []).append(place)
    return tuple(
        VolumeModels(volume, tuple(found), volume in writable) for volume, found in places.items()
    )


def _mount_of(folder: str, mounts: Sequence[VolumeMount]) -> VolumeMount:
    """The innermost mount that the folder lies in."""
    holding = [
        mount
        for mount in mounts
        if f"{folder}/".startswith(posixpath.normpath(mount.mount_path).rstrip("/") + "/")
    ]
    if not holding:
        raise StorageFailure(
            f"storage-initializer is to fill {folder}, where it mounts no volume; it mounts "
            f"{', '.join(mount.mount_path for mount in mounts) or 'none'}"
        )
    return max(holding, key=lambda mount: len(posixpath.normpath(mount.mount_path)))
