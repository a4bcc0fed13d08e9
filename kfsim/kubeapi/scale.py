"""The `scale` subresource (autoscaling/v1 Scale) of a Deployment: what `kubectl scale` uses."""

from typing import Any, Final

from kfsim.api.apps import Deployment
from kfsim.api.meta import Object
from kfsim.base.errors import BadRequest
from kfsim.kubeapi.patching import Change

SCALE: Final = "scale"
SCALABLE: Final[tuple[type[Object], ...]] = (Deployment,)


def make_scale(document: dict[str, Any]) -> dict[str, Any]:
    """The Scale of an object's document."""
    metadata, spec = document["metadata"], document.get("spec") or {}
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "spec": {"replicas": spec.get("replicas", 0)},
        "status": {
            "replicas": (document.get("status") or {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        },
    }


def with_scale(change: Change) -> Change:
    """The change of a Scale as a change of the object that it scales."""

    def changed(document: dict[str, Any]) -> dict[str, Any]:
        wanted = change(make_scale(document))
        replicas = (wanted.get("spec") or {}).get("replicas", 0)
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
            raise BadRequest(
                f"spec.replicas is {replicas!r}; expected a whole number of at least 0"
            )
        given = wanted.get("metadata") or {}
        metadata = {**document["metadata"]}
        if version := given.get("resourceVersion"):
            metadata["resourceVersion"] = version
        spec = {**(document.get("spec") or {}), "replicas": replicas}
        return {**document, "metadata": metadata, "spec": spec}

    return changed
