"""Models that an InferenceService looks for beside its manifest and that are not there (yet)."""

import os
from collections.abc import Iterator

from kfsim.api.kserve.types import InferenceService
from kfsim.controllers.inferenceservice.storage import (
    UnsupportedStorage,
    custom_storage_uri,
    resolve_uri,
)

_FILE = "file://"


def find_missing_models(isvc: InferenceService, *, source: str) -> Iterator[str]:
    """One sentence for each model of a defaulted object that could not be fetched from here.

    An absolute path is taken as it is: it may lead to another host's disk.
    """
    for field, uri in _uris(isvc):
        try:
            resolved = resolve_uri(uri, source=source or None)
        except UnsupportedStorage as error:
            yield f"{field}: {error}"
            continue
        path = resolved.removeprefix(_FILE)
        is_relative = path.startswith("/") and not uri.removeprefix(_FILE).startswith("/")
        if is_relative and not os.path.exists(path):
            yield (
                f"{field}: {uri} is looked for at {path}, and nothing is there yet; put the model "
                "there, or correct the path"
            )


def _uris(isvc: InferenceService) -> Iterator[tuple[str, str]]:
    predictor, explainer = isvc.spec.predictor, isvc.spec.explainer
    if predictor.model is not None and predictor.model.storage_uri:
        yield "spec.predictor.model.storageUri", predictor.model.storage_uri
    for index, item in enumerate(predictor.storage_uris):
        yield f"spec.predictor.storageUris[{index}].uri", item.uri
    for name, component in (("predictor", predictor), ("explainer", explainer)):
        for index, container in enumerate(component.containers if component else ()):
            if uri := custom_storage_uri(container):
                yield f"spec.{name}.containers[{index}].env STORAGE_URI", uri
