"""Volumes as folders of this host, the same for every backend.

A volume of a Pod is a folder: what an init step provided, the folder of a claim, a hostPath, files
that were written from a ConfigMap or Secret, or an empty one. What a container sees of it (a bind
mount, or a rewritten path) is the backend's.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
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


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """The contents of a configMap, secret or projected volume, readable by the user alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        target = Path(below(str(folder), name, volume=folder.name))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def below(folder: str, relative: str, *, volume: str) -> str:
    if relative.startswith("/") or ".." in relative.split("/"):
        raise StartFailure(CREATE_ERROR, f"path {relative!r} leaves volume {volume!r}")
    return os.path.join(folder, relative)
