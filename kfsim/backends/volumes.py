"""Volumes as folders of this host, the same for every backend.

A volume of a Pod is a folder: what an init step provided, the folder of a claim, a hostPath, files
that were written from a ConfigMap or Secret, or an empty one. What a container sees of it (a bind
mount, or a rewritten path) is the backend's.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kfsim.api.core import Volume
from kfsim.backends.failures import CREATE_ERROR, NEEDS_DOCKER, StartFailure


@dataclass(frozen=True, slots=True)
class VolumeSources:
    """Where volumes come from. `downloaded` are folders that an init container provided."""

    folder: Path
    claims: Path
    files: Mapping[str, Mapping[str, bytes]]
    downloaded: Mapping[str, str]


def host_folder(volume: Volume, namespace: str, sources: VolumeSources) -> tuple[str, bool]:
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


@dataclass(frozen=True, slots=True)
class FileAccess:
    """Permission bits of a volume's files: `modes` by path in the volume, else `default`.

    `group` may read them too, as Kubernetes gives volumes to fsGroup.
    """

    default: int = 0o600
    modes: Mapping[str, int] = field(default_factory=dict)
    folders: int = 0o700
    group: int | None = None


_PRIVATE = FileAccess()


def write_files(folder: Path, files: Mapping[str, bytes], access: FileAccess = _PRIVATE) -> None:
    """The contents of a configMap, secret or projected volume; by default for the user alone.

    A file that is the same already is left alone, another is replaced whole: whoever reads the
    folder meanwhile (a container that runs beside the one that starts) sees the old or the new.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_folder(folder, access.folders)
    for name, content in files.items():
        target = Path(below(str(folder), name, volume=folder.name))
        for parent in reversed(target.relative_to(folder).parents[:-1]):
            _make_folder(folder / parent, access.folders)
        mode = access.modes.get(name, access.default)
        if not _is_same(target, content):
            _replace(target, content)
        _give(target, mode, access.group)


def _make_folder(folder: Path, mode: int) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(mode)


def _is_same(target: Path, content: bytes) -> bool:
    try:
        return target.read_bytes() == content
    except (FileNotFoundError, PermissionError):  # a mode without reading for its owner
        return False


def _replace(target: Path, content: bytes) -> None:
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    part.replace(target)


def _give(target: Path, mode: int, group: int | None) -> None:
    if group is not None:
        # pkg/volume/volume_linux.go: fsGroup may read what its owner may.
        mode |= 0o040
        try:
            os.chown(target, -1, group)
        except PermissionError:  # only root gives to any group: then everyone who gets this far
            mode |= 0o004
    target.chmod(mode)


def below(folder: str, relative: str, *, volume: str) -> str:
    """The path of a volume's part. Raises StartFailure when it leaves the volume."""
    if relative.startswith("/") or ".." in relative.split("/"):
        raise StartFailure(CREATE_ERROR, f"path {relative!r} leaves volume {volume!r}")
    return os.path.join(folder, relative)


def resolve_below(folder: str, relative: str, *, volume: str) -> str:
    """As `below`, with symbolic links resolved: what a container wrote leads nowhere else."""
    root = os.path.realpath(folder)
    target = os.path.realpath(below(root, relative, volume=volume))
    if target != root and not target.startswith(root.rstrip("/") + "/"):
        raise StartFailure(
            CREATE_ERROR, f"path {relative!r} leaves volume {volume!r} by a symbolic link"
        )
    return target
