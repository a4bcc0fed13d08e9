"""Volumes as host folders, and mount paths rewritten to them.

A process sees the host's own file system, so a mount path of its container is real only where it is
named: every mention in command, args and env values is replaced by the host folder, and
`$(KFSIM_MOUNT_volume)` gives the folder directly. A mount that is mentioned nowhere cannot be
honoured; that is an error, because the program would look for a path that is not there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kfsim.api.core import Container, Pod
from kfsim.backends.failures import CREATE_ERROR, StartFailure
from kfsim.backends.volumes import VolumeSources, below, host_folder

VARIABLE = "KFSIM_MOUNT_"
_BEFORE = r"(?:(?<=://)|(?<![\w./-]))"
_AFTER = r"(?=$|[/\s:,;'\"=)\]}&|>])"


@dataclass(frozen=True, slots=True)
class Mount:
    """`scratch` marks an empty folder that nobody can miss when it is elsewhere."""

    volume: str
    path: str
    host: str
    scratch: bool = False


def resolve_mounts(pod: Pod, container: Container, sources: VolumeSources) -> tuple[Mount, ...]:
    """The container's mounts; makes the folders of volumes that live in the replica's own.

    Raises StartFailure.
    """
    volumes = {volume.name: volume for volume in pod.spec.volumes}
    mounts: list[Mount] = []
    for wanted in container.volume_mounts:
        volume = volumes.get(wanted.name)
        if volume is None:
            raise StartFailure(
                CREATE_ERROR,
                f"container {container.name} mounts volume {wanted.name!r}, which the Pod does not "
                f"have; it has {', '.join(volumes) or 'none'}",
            )
        host, scratch = host_folder(volume, pod.metadata.namespace, sources)
        if wanted.sub_path:
            host = below(host, wanted.sub_path, volume=wanted.name)
        mounts.append(Mount(wanted.name, wanted.mount_path.rstrip("/"), host, scratch))
    return tuple(mounts)


class PathRewriter:
    """Replaces mount paths by host folders in texts, and remembers which were mentioned."""

    def __init__(self, mounts: Sequence[Mount]) -> None:
        self._hosts = {mount.path: mount.host for mount in mounts if mount.path}
        self._mentioned: dict[str, None] = {}
        longest_first = sorted(self._hosts, key=len, reverse=True)
        paths = "|".join(re.escape(path) for path in longest_first)
        self._pattern = re.compile(f"{_BEFORE}({paths}){_AFTER}") if paths else None

    def rewrite(self, text: str) -> str:
        """The text with host folders."""
        if self._pattern is None:
            return text

        def host(match: re.Match[str]) -> str:
            self._mentioned[match[1]] = None
            return self._hosts[match[1]]

        return self._pattern.sub(host, text)

    def mentioned(self, mount: Mount) -> bool:
        """Whether any text so far named the mount's path."""
        return mount.path in self._mentioned


def mount_variables(mounts: Sequence[Mount]) -> dict[str, str]:
    """`KFSIM_MOUNT_volume` for each mount, also spelled as shells can read it."""
    variables: dict[str, str] = {}
    for mount in mounts:
        variables.setdefault(VARIABLE + mount.volume, mount.host)
        variables.setdefault(VARIABLE + mount.volume.replace("-", "_"), mount.host)
    return variables
