"""Old InferenceService manifests in today's v1beta1: the pure part of `kfsim convert`.

v1alpha2 has two endpoints with the traffic between them; v1beta1 has one spec, whose revisions
share the traffic. So a canary takes two steps: the default endpoint first, and once that is ready,
the canary's spec with canaryTrafficPercent. `Converted` has the document of each.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from kfsim.api.compat import Compat
from kfsim.api.decoding import FieldValidation, decode
from kfsim.api.kserve.types import InferenceService
from kfsim.api.kserve.v1alpha2_conversion import V1ALPHA2, V1BETA1
from kfsim.api.scheme import kind_of

OLD_V1BETA1: Final = "serving.kubeflow.org/v1beta1"
_OLD_PREFIX: Final = "serving.kubeflow.org/"
_PREFIX: Final = "serving.kserve.io/"
_OLD_CONTAINER: Final = "kfserving-container"
_CONTAINER: Final = "kserve-container"
_COMPONENTS: Final = ("predictor", "transformer", "explainer")
_TARGETS: Final = {Compat.KSERVE: V1BETA1, Compat.KFSERVING: OLD_V1BETA1}


@dataclass(frozen=True, slots=True)
class Converted:
    """`canary` is the second step, None where there is none; `notes` say what has no equivalent."""

    document: dict[str, Any]
    canary: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()


def convert_document(document: dict[str, Any], *, target: Compat = Compat.KSERVE) -> Converted:
    """The document's equivalent; documents of other kinds and current ones as they are.

    Raises BadRequest, Invalid for a v1alpha2 document with other fields than v1alpha2's.
    """
    if document["kind"] != InferenceService.KIND:
        return Converted(document)
    if document["apiVersion"] == V1ALPHA2:
        return _convert_v1alpha2(document, target)
    if document["apiVersion"] == OLD_V1BETA1 and target is Compat.KSERVE:
        made = copy.deepcopy(document)
        made.pop("status", None)
        return Converted(_modernise(made), notes=tuple(_find_lost(made)))
    return Converted(document)


def _convert_v1alpha2(document: dict[str, Any], target: Compat) -> Converted:
    given = document.get("spec")
    spec = dict(given) if isinstance(given, dict) else {}
    percent, endpoint = spec.pop("canaryTrafficPercent", None), spec.pop("canary", None)
    made = _make(document, spec, target)
    notes = list(_lost_threads(spec.get("default"), "default"))
    canary = None
    if endpoint is not None:
        canary = _make(document, {"default": endpoint}, target)
        for name in _COMPONENTS:
            if name in canary["spec"]:
                canary["spec"][name]["canaryTrafficPercent"] = percent or 0
        notes += _lost_threads(endpoint, "canary")
        if len(canary["spec"]) > 1:
            notes.append(
                "v1alpha2 sends a request through either endpoint as a whole; in v1beta1 each "
                "component draws for itself, so that a new transformer may meet the old predictor"
            )
    elif percent is not None:
        notes.append(
            f"canaryTrafficPercent {percent} is left out: there is no canary to send it to"
        )
    if target is Compat.KSERVE:
        notes += _find_lost(made)
    return Converted(made, canary, tuple(notes))


def _make(document: dict[str, Any], spec: dict[str, Any], target: Compat) -> dict[str, Any]:
    """The document with one endpoint, checked and converted as the API would."""
    body = {key: value for key, value in document.items() if key != "status"}
    sent = orjson.loads(orjson.dumps({**body, "spec": spec}))
    decoded = decode(kind_of(InferenceService), V1ALPHA2, sent, FieldValidation.STRICT)
    made: dict[str, Any] = orjson.loads(decoded.obj.encode())
    made["metadata"] = document["metadata"]
    made = copy.deepcopy(made)
    return _modernise(made) if target is Compat.KSERVE else {**made, "apiVersion": OLD_V1BETA1}


def _modernise(document: dict[str, Any]) -> dict[str, Any]:
    """KServe's group, annotations and container name."""
    annotations = document["metadata"].get("annotations")
    if isinstance(annotations, dict):
        document["metadata"]["annotations"] = {
            _renamed(key): value for key, value in annotations.items()
        }
    for _, component in _components(document):
        for container in component.get("containers") or ():
            if isinstance(container, dict) and container.get("name") == _OLD_CONTAINER:
                container["name"] = _CONTAINER
    return {**document, "apiVersion": V1BETA1}


def _renamed(annotation: str) -> str:
    if annotation.startswith(_OLD_PREFIX):
        return _PREFIX + annotation.removeprefix(_OLD_PREFIX)
    return annotation


def _components(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    spec = document.get("spec")
    components = spec if isinstance(spec, dict) else {}
    for name in _COMPONENTS:
        if isinstance(components.get(name), dict):
            yield name, components[name]


def _find_lost(document: dict[str, Any]) -> Iterator[str]:
    """What KServe no longer has."""
    for name, component in _components(document):
        for block in ("alibi", "aix"):
            if block in component:
                yield (
                    f"spec.{name}.{block} has no equivalent: KServe has no {block} explainer; give "
                    "the explainer as containers"
                )
        pytorch = component.get("pytorch")
        if isinstance(pytorch, dict) and "modelClassName" in pytorch:
            yield (
                f"spec.{name}.pytorch.modelClassName has no equivalent: KServe serves PyTorch by "
                "TorchServe, which wants a model archive (.mar) with its config"
            )


def _lost_threads(endpoint: Any, where: str) -> Iterator[str]:
    predictor = endpoint.get("predictor") if isinstance(endpoint, dict) else None
    for block in ("xgboost", "lightgbm"):
        server = predictor.get(block) if isinstance(predictor, dict) else None
        if isinstance(server, dict) and "nthread" in server:
            yield (
                f"spec.{where}.predictor.{block}.nthread is left out, as KFServing's own "
                f"conversion does; write args: [--nthread={server['nthread']}] below {block}"
            )
