"""Columns of KServe's, Knative's and Istio's kinds: their CRDs' additionalPrinterColumns.

A JSONPath over a list prints its first match only, as the API server does. Ours is one column more:
`-o wide` of InferenceServices says why one is not ready.
"""

from collections.abc import Mapping
from typing import Final

from kfsim.kubeapi.columns import (
    CRD_AGE,
    NAME,
    READY,
    REASON,
    Column,
    JsonObject,
    at,
    dig,
    first_of,
    items,
)

_TRAFFIC: Final = "status.components.predictor.traffic"


def _is_previous(target: JsonObject) -> bool:
    return target.get("tag") == "prev"


def _is_latest(target: JsonObject) -> bool:
    return target.get("latestRevision") is True


def _any(item: JsonObject) -> bool:
    return True


def _why_not_ready(obj: JsonObject, wall: float) -> str | None:
    """What the model failed with, else the Ready condition's reason; empty once it is ready."""
    ready = next((c for c in items(obj, "status.conditions") if c.get("type") == "Ready"), None)
    if ready is None or ready.get("status") == "True":
        return None
    failure = dig(obj, "status.modelStatus.lastFailureInfo") or {}
    told = failure if failure.get("message") else ready
    return ": ".join(filter(None, (told.get("reason"), told.get("message")))) or None


_INFERENCE_SERVICE: Final = (
    NAME,
    at("URL", "status.url"),
    READY,
    first_of("Prev", _TRAFFIC, _is_previous, "percent", type_="integer"),
    first_of("Latest", _TRAFFIC, _is_latest, "percent", type_="integer"),
    first_of("PrevRolledoutRevision", _TRAFFIC, _is_previous, "revisionName"),
    first_of("LatestReadyRevision", _TRAFFIC, _is_latest, "revisionName"),
    CRD_AGE,
    Column("Reason", _why_not_ready, priority=1),
)
_RUNTIME: Final = (
    NAME,
    at("Disabled", "spec.disabled", type_="boolean"),
    first_of("ModelType", "spec.supportedModelFormats", _any, "name"),
    first_of("Containers", "spec.containers", _any, "name"),
    CRD_AGE,
)
_LATEST: Final = (
    at("LatestCreated", "status.latestCreatedRevisionName"),
    at("LatestReady", "status.latestReadyRevisionName"),
)

CUSTOM_COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "inferenceservices.serving.kserve.io": _INFERENCE_SERVICE,
    "inferenceservices.serving.kubeflow.org/v1alpha2": (
        NAME,
        at("URL", "status.url"),
        READY,
        at("Default Traffic", "status.traffic", type_="integer"),
        at("Canary Traffic", "status.canaryTraffic", type_="integer"),
        CRD_AGE,
    ),
    "servingruntimes.serving.kserve.io": _RUNTIME,
    "clusterservingruntimes.serving.kserve.io": _RUNTIME,
    "trainedmodels.serving.kserve.io": (NAME, at("URL", "status.url"), READY, CRD_AGE),
    "inferencegraphs.serving.kserve.io": (NAME, at("URL", "status.url"), READY, CRD_AGE),
    "services.serving.knative.dev": (NAME, at("URL", "status.url"), *_LATEST, READY, REASON),
    "configurations.serving.knative.dev": (NAME, *_LATEST, READY, REASON),
    "revisions.serving.knative.dev": (
        NAME,
        Column(
            "Config Name",
            lambda obj, wall: _label(obj, "serving.knative.dev/configuration"),
        ),
        Column(
            "Generation",
            lambda obj, wall: _label(obj, "serving.knative.dev/configurationGeneration"),
        ),
        READY,
        REASON,
        at("Actual Replicas", "status.actualReplicas", type_="integer"),
        at("Desired Replicas", "status.desiredReplicas", type_="integer"),
    ),
    "routes.serving.knative.dev": (NAME, at("URL", "status.url"), READY, REASON),
    "images.caching.internal.knative.dev": (NAME, at("Image", "spec.image")),
    "podautoscalers.autoscaling.internal.knative.dev": (
        NAME,
        at("DesiredScale", "status.desiredScale", type_="integer"),
        at("ActualScale", "status.actualScale", type_="integer"),
        READY,
        REASON,
    ),
    "metrics.autoscaling.internal.knative.dev": (NAME, READY, REASON),
    "serverlessservices.networking.internal.knative.dev": (
        NAME,
        at("Mode", "spec.mode"),
        at("Activators", "spec.numActivators", type_="integer"),
        at("ServiceName", "status.serviceName"),
        at("PrivateServiceName", "status.privateServiceName"),
        READY,
        REASON,
    ),
    "ingresses.networking.internal.knative.dev": (NAME, READY, REASON),
    "virtualservices.networking.istio.io": (
        NAME,
        at("Gateways", "spec.gateways"),
        at("Hosts", "spec.hosts"),
        CRD_AGE,
    ),
}


def _label(obj: JsonObject, label: str) -> str | None:
    value: str | None = obj.get("metadata", {}).get("labels", {}).get(label)
    return value
