"""emptyDir volumes with `medium: Memory`: which become a tmpfs of their container.

Pure. A tmpfs belongs to one container and goes with it, so it stands for a volume that only one
container mounts, and mounts whole. One at /dev/shm is that container's shared memory. A volume that
several containers share is a folder: being shared matters more than where it is kept.
"""

import math
from dataclasses import dataclass

from kfsim.api.core import Container, EmptyDirVolume, Pod, VolumeMount
from kfsim.backends.docker.creation import HostSize
from kfsim.backends.docker.limits import format_bytes
from kfsim.backends.failures import CREATE_ERROR, StartFailure
from kfsim.base.quantities import parse_quantity

SHARED_MEMORY = "/dev/shm"


@dataclass(frozen=True, slots=True)
class MemoryMount:
    """`size` in bytes; `options` are those of a tmpfs."""

    path: str
    size: int
    options: str


def absolute(path: str) -> str:
    """A mount path as kubelet reads it: relative ones begin at the root."""
    return "/" + path.strip("/")


def is_in_memory(pod: Pod, mount: VolumeMount) -> bool:
    """Whether this mount is a tmpfs of its container, not a folder."""
    volume = next((each for each in pod.spec.volumes if each.name == mount.name), None)
    if volume is None or volume.empty_dir is None or volume.empty_dir.medium != "Memory":
        return False
    uses = [
        each
        for container in (*pod.spec.init_containers, *pod.spec.containers)
        for each in container.volume_mounts
        if each.name == mount.name
    ]
    return len(uses) == 1 and not mount.sub_path and not mount.sub_path_expr


def make_memory_mounts(
    pod: Pod, container: Container, *, memory_limit: int | None, host: HostSize
) -> tuple[MemoryMount, ...]:
    """The container's memory volumes. Raises StartFailure for a malformed sizeLimit.

    Without a sizeLimit a volume may fill the container's memory limit, else half of the host's
    memory, as Linux' own default is.
    """
    volumes = {each.name: each for each in pod.spec.volumes}
    mounts: list[MemoryMount] = []
    for mount in container.volume_mounts:
        if not is_in_memory(pod, mount):
            continue
        folder = volumes[mount.name].empty_dir
        assert folder is not None  # is_in_memory
        size = _size(mount.name, folder, memory_limit or host.memory // 2)
        access = "ro" if mount.read_only else "rw"
        # The engine's tmpfs is noexec unless told otherwise, Kubernetes' is not.
        options = f"{access},exec,nosuid,nodev,mode=1777,size={size}"
        mounts.append(MemoryMount(absolute(mount.mount_path), size, options))
    return tuple(mounts)


def _size(name: str, folder: EmptyDirVolume, otherwise: int) -> int:
    if folder.size_limit is None:
        return otherwise
    try:
        size = math.ceil(parse_quantity(folder.size_limit))
    except ValueError as error:
        raise StartFailure(
            CREATE_ERROR, f"sizeLimit of volume {name!r} cannot be read: {error}"
        ) from error
    if size <= 0:
        raise StartFailure(
            CREATE_ERROR,
            f"volume {name!r} has the sizeLimit {folder.size_limit} ({format_bytes(max(size, 0))});"
            " it must be above zero",
        )
    return size
