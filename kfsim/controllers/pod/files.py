"""The contents of configMap, secret, downwardAPI and projected volumes.

Pure but for the injected `Sources`. A missing object keeps the Pod at ContainerCreating with
kubelet's mount message (pkg/volume/configmap, pkg/volume/secret, pkg/volume/projected); other kinds
of volumes are the backend's.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kfsim.api.core import ConfigMapVolume, KeyToPath, Pod, SecretVolume, Volume
from kfsim.controllers.pod.environment import (
    MissingReference,
    Sources,
    config_map_values,
    resolve_field,
    secret_values,
)


class MissingVolume(MissingReference):
    """A volume cannot be filled (yet)."""


def resolve_files(pod: Pod, sources: Sources) -> dict[str, Mapping[str, bytes]]:
    """Files by volume name, then by path in the volume. Raises MissingVolume."""
    files: dict[str, Mapping[str, bytes]] = {}
    for volume in pod.spec.volumes:
        try:
            contents = _volume_files(volume, pod, sources)
        except MissingReference as missing:
            raise MissingVolume(
                f'MountVolume.SetUp failed for volume "{volume.name}" : {missing.message}',
                secret=missing.secret,
            ) from missing
        if contents is not None:
            files[volume.name] = contents
    return files


def _volume_files(volume: Volume, pod: Pod, sources: Sources) -> Mapping[str, bytes] | None:
    if volume.config_map is not None:
        return _config_map_files(volume.config_map, pod, sources)
    if volume.secret is not None:
        return _secret_files(volume.secret, pod, sources)
    if volume.downward_api is not None:
        return _downward_files(volume.downward_api, pod)
    if volume.projected is not None:
        merged: dict[str, bytes] = {}
        for source in volume.projected.get("sources") or ():
            merged.update(_projected_files(source, pod, sources))
        return merged
    return None


def _config_map_files(volume: ConfigMapVolume, pod: Pod, sources: Sources) -> dict[str, bytes]:
    found = sources.config_map(volume.name)
    if found is None and not volume.optional:
        raise MissingReference(f'configmap "{volume.name}" not found')
    values = {} if found is None else config_map_values(found)
    optional = volume.optional or False
    return _picked(values, volume.items, what=f"configmap {volume.name}", optional=optional)


def _secret_files(volume: SecretVolume, pod: Pod, sources: Sources) -> dict[str, bytes]:
    found = sources.secret(volume.secret_name)
    if found is None and not volume.optional:
        name = volume.secret_name
        raise MissingReference(f'secret "{name}" not found', secret=name)
    values = {} if found is None else secret_values(found)
    optional = volume.optional or False
    try:
        return _picked(values, volume.items, what=f"secret {volume.secret_name}", optional=optional)
    except MissingReference as missing:
        raise MissingReference(missing.message, secret=volume.secret_name) from missing


def _picked(
    values: Mapping[str, bytes], items: Iterable[KeyToPath], *, what: str, optional: bool
) -> dict[str, bytes]:
    chosen = tuple(items)
    if not chosen:
        return dict(values)
    for item in chosen:
        if item.key not in values and not optional:
            raise MissingReference(
                f"references non-existent {what.partition(' ')[0]} key: {item.key}"
            )
    return {item.path: values[item.key] for item in chosen if item.key in values}


def _downward_files(volume: Mapping[str, Any], pod: Pod) -> dict[str, bytes]:
    return {
        item["path"]: resolve_field(pod, item["fieldRef"]["fieldPath"]).encode()
        for item in volume.get("items") or ()
        if item.get("fieldRef")
    }


def _projected_files(source: Mapping[str, Any], pod: Pod, sources: Sources) -> Mapping[str, bytes]:
    if source.get("configMap"):
        config_map = ConfigMapVolume.model_validate(source["configMap"])
        return _config_map_files(config_map, pod, sources)
    if source.get("secret"):
        given = source["secret"]
        secret = SecretVolume.model_validate({**given, "secretName": given.get("name", "")})
        return _secret_files(secret, pod, sources)
    if source.get("downwardAPI"):
        return _downward_files(source["downwardAPI"], pod)
    # serviceAccountToken and clusterTrustBundle: a replica gets no API token.
    return {}
