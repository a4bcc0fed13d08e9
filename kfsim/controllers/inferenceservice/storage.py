"""Where a model is and how it gets to /mnt/models.

Remote and local URIs are fetched by the init container `storage-initializer` into an emptyDir;
pvc:// is mounted directly, as KServe 0.20 does. Relative paths start at the folder of the file
that the InferenceService came from (annotation kfsim.dev/source); nothing is looked up on disk.
"""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kfsim.api.compat import CURRENT, Profile
from kfsim.api.core import (
    Container,
    EmptyDirVolume,
    EnvVar,
    PersistentVolumeClaimVolume,
    PodSpec,
    ResourceRequirements,
    Volume,
    VolumeMount,
)
from kfsim.api.kserve.keys import (
    MODEL_MOUNT,
    PVC_VOLUME,
    STORAGE_INITIALIZER,
    STORAGE_URI_ENV,
)
from kfsim.api.kserve.types import StorageUri

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
_SCHEMES: Final = (
    "gs", "s3", "pvc", "file", "https", "http", "hdfs", "webhdfs", "hf", "git",
    "oci", "oci+native",
)  # fmt: skip
# The defaults of KServe's ConfigMap, key storageInitializer.
_RESOURCES: Final = ResourceRequirements(
    requests={"cpu": "100m", "memory": "100Mi"}, limits={"cpu": "1", "memory": "1Gi"}
)


class UnsupportedStorage(ValueError):
    """The URI cannot be served; the message names it and what would do."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """One resolved URI and where the server sees it."""

    uri: str
    mount_path: str = MODEL_MOUNT


def resolve_uri(uri: str, *, source: str | None) -> str:
    """`uri` with a supported scheme, or an absolute path. Raises UnsupportedStorage."""
    scheme = _SCHEME.match(uri)
    if scheme is not None and scheme[1] not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise UnsupportedStorage(
            f"StorageURI not supported: storageUri, must be one of: [{known}] or match "
            "https://{}.blob.core.windows.net/{}/{} or be an absolute or relative local path. "
            f"StorageUri [{uri}] is not supported"
        )
    if scheme is not None and scheme[1] != "file":
        return uri
    prefix = scheme[0] if scheme is not None else ""
    path = uri.removeprefix(prefix)
    if not path:
        raise UnsupportedStorage(f"StorageURI not supported: [{uri}] names no path")
    if path.startswith("/"):
        return prefix + posixpath.normpath(path)
    if not source or not source.startswith("/"):
        raise UnsupportedStorage(
            f"StorageURI not supported: [{uri}] is relative, and the InferenceService does not "
            "come from a file that it could be relative to; give an absolute path"
        )
    return prefix + posixpath.normpath(posixpath.join(posixpath.dirname(source), path))


def resolve_sources(
    storage_uri: str | None, storage_uris: Sequence[StorageUri], *, source: str | None
) -> tuple[ModelSource, ...]:
    """All models of a component. Raises UnsupportedStorage."""
    if storage_uri:
        return (ModelSource(resolve_uri(storage_uri, source=source)),)
    return tuple(
        ModelSource(resolve_uri(item.uri, source=source), item.mount_path or MODEL_MOUNT)
        for item in storage_uris
    )


def mount_models(
    spec: PodSpec,
    sources: Sequence[ModelSource],
    *,
    container: str,
    read_only: bool,
    profile: Profile = CURRENT,
) -> PodSpec:
    """`spec` with volumes, mounts in `container` and, where something is fetched, the init step."""
    claims = [source for source in sources if source.uri.startswith("pvc://")]
    fetched = [source for source in sources if not source.uri.startswith("pvc://")]
    for index, source in enumerate(claims):
        spec = _mount_claim(spec, source, index, container=container, read_only=read_only)
    if fetched:
        mount = VolumeMount(
            name=profile.provision_volume, mount_path=_common_place(fetched), read_only=read_only
        )
        image = profile.storage_initializer_image
        spec = _mount_fetched(spec, fetched, mount, container=container, image=image)
    return spec


def custom_storage_uri(container: Container) -> str | None:
    """A custom container names its model by the environment variable STORAGE_URI."""
    return next((v.value for v in container.env if v.name == STORAGE_URI_ENV), None)


def with_local_storage_uri(container: Container) -> Container:
    """STORAGE_URI as the container sees it: the place that the model was fetched to."""
    env = tuple(
        EnvVar(name=v.name, value=MODEL_MOUNT) if v.name == STORAGE_URI_ENV else v
        for v in container.env
    )
    return container.replaced(env=env)


def _mount_claim(
    spec: PodSpec, source: ModelSource, index: int, *, container: str, read_only: bool
) -> PodSpec:
    claim, _, path = source.uri.removeprefix("pvc://").partition("/")
    if not claim:
        raise UnsupportedStorage(
            f"StorageURI not supported: [{source.uri}] names no claim; write pvc://CLAIM/PATH"
        )
    name = PVC_VOLUME if index == 0 else f"{PVC_VOLUME}-{index}"
    volume = Volume(
        name=name,
        persistent_volume_claim=PersistentVolumeClaimVolume(claim_name=claim, read_only=False),
    )
    mount = VolumeMount(
        name=name,
        mount_path=source.mount_path,
        sub_path=path.strip("/") or None,
        read_only=read_only,
    )
    return _with_mount(spec, volume, mount, container)


def _common_place(sources: Sequence[ModelSource]) -> str:
    return posixpath.commonpath([source.mount_path for source in sources])


def _mount_fetched(
    spec: PodSpec,
    sources: Sequence[ModelSource],
    mount: VolumeMount,
    *,
    container: str,
    image: str,
) -> PodSpec:
    arguments = tuple(
        text for source in sources for text in (source.uri, posixpath.normpath(source.mount_path))
    )
    initializer = Container(
        name=STORAGE_INITIALIZER,
        image=image,
        args=arguments,
        resources=_RESOURCES,
        volume_mounts=(VolumeMount(name=mount.name, mount_path=mount.mount_path),),
        termination_message_policy="FallbackToLogsOnError",
    )
    volume = Volume(name=mount.name, empty_dir=EmptyDirVolume())
    spec = _with_mount(spec, volume, mount, container)
    return spec.replaced(init_containers=(*spec.init_containers, initializer))


def _with_mount(spec: PodSpec, volume: Volume, mount: VolumeMount, container: str) -> PodSpec:
    containers = tuple(
        c.replaced(volume_mounts=(*c.volume_mounts, mount)) if c.name == container else c
        for c in spec.containers
    )
    return spec.replaced(containers=containers, volumes=(*spec.volumes, volume))
