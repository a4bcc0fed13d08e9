"""Volumes as host folders, and mount paths rewritten to them.

A process sees the host's own file system, so a mount path of its container is real only where it is
named: every mention in command, args and env values is replaced by the host folder, and
`$(KFSIM_MOUNT_volume)` gives the folder directly. A mount that is mentioned nowhere cannot be
honoured; that is an error, because the program would look for a path that is not there.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kfsim.api.core import Container, Pod, Volume
from kfsim.backends.process.failures import CREATE_ERROR, NEEDS_DOCKER, StartFailure

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


@dataclass(frozen=True, slots=True)
class VolumeSources:
    """Where volumes come from. `downloaded` are folders that an init container provided."""

    folder: Path
    claims: Path
    files: Mapping[str, Mapping[str, bytes]]
    downloaded: Mapping[str, str]


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
        host, scratch = _host_folder(volume, pod.metadata.namespace, sources)
        if wanted.sub_path:
            host = _below(host, wanted.sub_path, volume=wanted.name)
        mounts.append(Mount(wanted.name, wanted.mount_path.rstrip("/"), host, scratch))
    return tuple(mounts)


def _host_folder(volume: Volume, namespace: str, sources: VolumeSources) -> tuple[str, bool]:
    if volume.name in sources.downloaded:
        return sources.downloaded[volume.name], False
    if volume.persistent_volume_claim is not None:
        claim = volume.persistent_volume_claim.claim_name
        return claim_folder(sources.claims, namespace, claim), False
    if volume.host_path is not None:
        if not os.path.exists(volume.host_path.path):
            raise StartFailure(
                CREATE_ERROR,
                f"hostPath {volume.host_path.path} of volume {volume.name!r} does not exist; "
                "create it",
            )
        return volume.host_path.path, False
    folder = sources.folder / "volumes" / volume.name
    if volume.name in sources.files:
        write_files(folder, sources.files[volume.name])
        return str(folder), False
    if volume.empty_dir is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(folder), True
    raise StartFailure(
        NEEDS_DOCKER,
        f"volume {volume.name!r} is of a kind that the process backend does not have; it has "
        "emptyDir, configMap, secret, projected, downwardAPI, persistentVolumeClaim and hostPath",
    )


def claim_folder(claims: Path, namespace: str, claim: str) -> str:
    """The folder of a PersistentVolumeClaim. Raises StartFailure when it is not there."""
    folder = claims / namespace / claim
    if claim in ("", ".", "..") or "/" in claim or not folder.is_dir():
        raise StartFailure(
            CREATE_ERROR,
            f'persistentvolumeclaim "{claim}" not found: a claim is the folder {folder}; create '
            "it, or make it a symbolic link to where the data is",
        )
    return str(folder.resolve())


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """The contents of a configMap, secret or projected volume, readable by the user alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        target = Path(_below(str(folder), name, volume=folder.name))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def _below(folder: str, relative: str, *, volume: str) -> str:
    if relative.startswith("/") or ".." in relative.split("/"):
        raise StartFailure(CREATE_ERROR, f"path {relative!r} leaves volume {volume!r}")
    return os.path.join(folder, relative)


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
