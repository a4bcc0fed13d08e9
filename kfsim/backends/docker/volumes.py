"""The folders and files of this host that a container sees.

Touches the disk; called in a thread. Volumes of a replica live below its own folder, which only the
daemon's user can enter, while what is mounted may be read (emptyDir: written) by whatever user the
container runs as. Rules are kubelet's (pkg/kubelet/kubelet_pods.go makeMounts, pkg/volume).
"""

import os
from pathlib import Path

from kfsim.api.core import Container, Pod, Volume, VolumeMount
from kfsim.backends.docker.creation import Allowances, Bind
from kfsim.backends.docker.filemodes import fs_group, make_file_access
from kfsim.backends.docker.hostpaths import resolve_host_path
from kfsim.backends.docker.memory import absolute, is_in_memory
from kfsim.backends.expansion import expand, resolve_variables, unknown_names
from kfsim.backends.failures import CREATE_ERROR, StartFailure
from kfsim.backends.volumes import VolumeSources, claim_folder, resolve_below, write_files
from kfsim.replicas.backend import ReplicaSpec
from kfsim.replicas.failures import CONFIG_ERROR

UNSUPPORTED_VOLUME = "Unsupported"
_MEDIA = ("", "Memory")
_ANYONE = 0o777


def make_binds(
    spec: ReplicaSpec, container: Container, sources: VolumeSources, allow: Allowances
) -> tuple[Bind, ...]:
    """The container's mounts, but for those in memory; makes what they need. Raises StartFailure.

    An OSError becomes a StartFailure too: the path is in its text.
    """
    volumes = {volume.name: volume for volume in spec.pod.spec.volumes}
    binds: list[Bind] = []
    for mount in container.volume_mounts:
        volume = volumes.get(mount.name)
        if volume is None:
            raise StartFailure(
                CREATE_ERROR,
                f"container {container.name} mounts volume {mount.name!r}, which the Pod does not "
                f"have; it has {', '.join(volumes) or 'none'}",
            )
        if is_in_memory(spec.pod, mount):
            continue
        try:
            binds.append(_make_bind(spec, container, mount, volume, sources, allow))
        except OSError as error:
            raise StartFailure(
                CREATE_ERROR, f"volume {mount.name!r} cannot be set up: {error}"
            ) from error
    return tuple(binds)


def _make_bind(
    spec: ReplicaSpec,
    container: Container,
    mount: VolumeMount,
    volume: Volume,
    sources: VolumeSources,
    allow: Allowances,
) -> Bind:
    source, read_only = _provide(spec, volume, sources, allow)
    part = _sub_path(container, mount)
    if part:
        source = resolve_below(source, part, volume=mount.name)
        if not os.path.exists(source):
            _make_sub_path(source, part, volume, sources)
    return Bind(source, absolute(mount.mount_path), bool(mount.read_only) or read_only)


def _provide(
    spec: ReplicaSpec, volume: Volume, sources: VolumeSources, allow: Allowances
) -> tuple[str, bool]:
    """The volume's folder (or file), and whether it may only be read."""
    if volume.name in sources.downloaded:
        return sources.downloaded[volume.name], False
    if volume.persistent_volume_claim is not None:
        claim = volume.persistent_volume_claim
        found = claim_folder(sources.claims, spec.key.namespace, claim.claim_name)
        return found, bool(claim.read_only)
    if volume.host_path is not None:
        return resolve_host_path(volume.name, volume.host_path, allow), False
    folder = sources.folder / "volumes" / volume.name
    if volume.name in sources.files:
        write_files(folder, sources.files[volume.name], make_file_access(volume, spec.pod))
        return str(folder), True
    if volume.empty_dir is not None and (volume.empty_dir.medium or "") in _MEDIA:
        _make_empty(folder, spec.pod)
        return str(folder), False
    raise StartFailure(
        UNSUPPORTED_VOLUME,
        f"volume {volume.name!r} is of the kind {volume_kind(volume)}, which kfsim does not have; "
        "use emptyDir, configMap, secret, projected, downwardAPI, persistentVolumeClaim or "
        "hostPath",
    )


def volume_kind(volume: Volume) -> str:
    """The kind as the manifest spells it, `csi`; a kind that is not modelled is `unknown`."""
    given = volume.model_dump(by_alias=True, exclude_none=True, exclude={"name"})
    kind = next(iter(given), "unknown")
    medium = volume.empty_dir.medium if volume.empty_dir is not None else None
    return f"{kind} with medium {medium}" if medium else kind


def _make_empty(folder: Path, pod: Pod) -> None:
    _private(folder.parent)
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700)
    mode, group = _ANYONE, fs_group(pod)
    if group is not None:
        try:
            os.chown(folder, -1, group)
            mode |= 0o2000  # new files are the group's, as pkg/volume/volume_linux.go sets it
        except PermissionError:  # only root gives to any group; everyone may write here anyway
            pass
    folder.chmod(mode)


def _private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _sub_path(container: Container, mount: VolumeMount) -> str:
    if not mount.sub_path_expr:
        return mount.sub_path or ""
    known = resolve_variables(container.env, {})
    if unknown := unknown_names(mount.sub_path_expr, known):
        raise StartFailure(
            CONFIG_ERROR,
            f"subPathExpr of volume {mount.name!r} names the variable {unknown[0]!r}, which "
            f"container {container.name} does not have; it has {', '.join(known) or 'none'}",
        )
    path = expand(mount.sub_path_expr, known)
    if path.startswith("/"):
        raise StartFailure(CONFIG_ERROR, f"error SubPath `{path}` must not be an absolute path")
    return path


def _make_sub_path(source: str, part: str, volume: Volume, sources: VolumeSources) -> None:
    """kubelet makes a subPath that is not there; a model that was fetched stays as it is."""
    if volume.name in sources.downloaded:
        raise StartFailure(
            CONFIG_ERROR,
            f"failed to prepare subPath for volumeMount {volume.name!r}: the model that was "
            f"fetched has no {part!r}",
        )
    os.makedirs(source, mode=0o750)
    if volume.empty_dir is not None:
        Path(source).chmod(_ANYONE)
