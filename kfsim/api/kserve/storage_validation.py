"""storageUri, storageUris and confidential (validateMultipleStorageURIs, validateConfidential)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from kfsim.api.core import Container
from kfsim.api.kserve.keys import SERVING_CONTAINER, STORAGE_URI_ENV
from kfsim.api.kserve.types import FRAMEWORKS, InferenceService, PredictorSpec, StorageUri
from kfsim.base.errors import Cause

_RESOURCE_ID: Final = re.compile(r"kbs:///[a-zA-Z0-9_.-]+/[a-zA-Z0-9_.-]+/[a-zA-Z0-9_.-]+")


def validate_storage_uris(isvc: InferenceService) -> Iterator[Cause]:
    """Transformer, explainer, predictor, as the webhook goes through them."""
    spec = isvc.spec
    for name, component in (("transformer", spec.transformer), ("explainer", spec.explainer)):
        if component is not None:
            single = _custom_uri(component.containers)
            yield from _component(single, component.storage_uris, f"spec.{name}")
    yield from _component(
        storage_uri(spec.predictor), spec.predictor.storage_uris, "spec.predictor"
    )
    yield from _confidential(spec.predictor)


def storage_uri(predictor: PredictorSpec) -> str | None:
    """The one place that a predictor's model is said to be at."""
    for name in ("model", *FRAMEWORKS):
        extension = getattr(predictor, name)
        if extension is not None:
            uri: str | None = extension.storage_uri
            return uri
    return _custom_uri(predictor.containers)


def _custom_uri(containers: Sequence[Container]) -> str | None:
    for container in containers:
        if container.name == SERVING_CONTAINER:
            return next(
                (each.value for each in container.env if each.name == STORAGE_URI_ENV), None
            )
    return None


def _component(
    single: str | None, storage: Sequence[StorageUri], component: str
) -> Iterator[Cause]:
    path = f"{component}.storageUris"
    if single is not None and storage:
        yield Cause(path, "Setting both StorageURI and StorageURIs is not supported.")
    for index, each in enumerate(storage):
        yield from _entry(each, f"{path}[{index}]")
    claims = [each.mount_path for each in storage if each.uri.startswith("pvc://")]
    mounts = [each.mount_path for each in storage if not each.uri.startswith("pvc://")]
    if len(mounts) <= 1:
        return
    if len(set(claims)) < len(claims):
        yield Cause(path, "PVC storage paths must be unique")
    if len({mount.strip("/").split("/")[0] for mount in mounts}) > 1:
        yield Cause(
            path,
            "storage paths must have a common parent directory. Current paths: "
            f"[{' '.join(mounts)}] have no common parent beyond root",
        )


def _entry(storage: StorageUri, path: str) -> Iterator[Cause]:
    mount = storage.mount_path
    if not storage.uri:
        yield Cause(f"{path}.uri", "storage URI cannot be empty")
    if mount == "/":
        yield Cause(f"{path}.mountPath", "storage path cannot be empty")
    elif not mount.startswith("/"):
        yield Cause(f"{path}.mountPath", f"storage path must be absolute: {mount}")
    elif ".." in mount:
        yield Cause(
            f"{path}.mountPath",
            f"storage path cannot contain '..' for security reasons: {mount}",
        )


def _confidential(predictor: PredictorSpec) -> Iterator[Cause]:
    for name in ("model", *FRAMEWORKS):
        extension = getattr(predictor, name)
        wanted = extension.confidential if extension is not None else None
        if not wanted or not wanted.get("enabled"):
            continue
        path = f"spec.predictor.{name}"
        if not extension.storage_uri:
            text = "confidential model serving requires storageUri to be set"
            yield Cause(f"{path}.storageUri", text)
        resource = wanted.get("resourceId")
        if resource and not _RESOURCE_ID.fullmatch(str(resource)):
            yield Cause(
                "spec.predictor.confidential.resourceId",
                f'Invalid value: "{resource}": must be in the format kbs:///<repo>/<type>/<tag>',
                "FieldValueInvalid",
            )
