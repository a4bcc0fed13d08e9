"""v1alpha2 InferenceServices to v1beta1 and back, on decoded JSON. Pure.

The default endpoint is v1beta1's spec. Rules from KFServing 0.5.1
pkg/apis/serving/v1alpha2/inferenceservice_conversion.go, with two differences: what v1alpha2 cannot
say survives an update (`conversion.keep_unsayable`; KFServing drops it), and logger, batcher,
service accounts and explainer settings are carried for every component.

A v1beta1 predictor in `model` form shows as the framework block of its format, and an update finds
its way back into that form.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from kfsim.api.conversion import Conversion, JsonObject, keep_unsayable
from kfsim.api.kserve.v1alpha2 import FRAMEWORKS, V1alpha2InferenceService
from kfsim.base.errors import Cause, Forbidden

V1ALPHA2: Final = V1alpha2InferenceService.API_VERSION
V1BETA1: Final = "serving.kserve.io/v1beta1"

_WEBHOOK: Final = "inferenceservice.kfserving-webhook-server.validator"
_CANARY_REFUSED: Final = (
    "Canary rollout is no longer supported on v1alpha2, please convert to v1beta1 to use the "
    "feature. `kfsim convert -f FILE` prints the v1beta1 equivalent, and says how to roll it out"
)
_COMPONENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "predictor": FRAMEWORKS,
    "transformer": (),
    "explainer": ("alibi", "aix"),
}
_SHARED: Final = ("serviceAccountName", "minReplicas", "maxReplicas")
_NESTED: Final[Mapping[str, tuple[str, ...]]] = {
    "logger": ("url", "mode"),
    "batcher": ("maxBatchSize", "maxLatency", "timeout"),
}
_SERVER: Final = (
    "type", "storageUri", "runtimeVersion", "resources", "modelClassName", "config",
)  # fmt: skip


def to_v1beta1(document: JsonObject, stored: JsonObject | None) -> dict[str, Any]:
    """What to store for a v1alpha2 object. Raises Forbidden for any canary."""
    spec = document["spec"]
    field = next((name for name in ("canaryTrafficPercent", "canary") if name in spec), None)
    if field is not None:
        raise Forbidden(
            f'admission webhook "{_WEBHOOK}" denied the request: {_CANARY_REFUSED}',
            causes=[Cause(f"spec.{field}", _CANARY_REFUSED)],
        )
    metadata = document.get("metadata") or {}
    made: dict[str, Any] = {"metadata": metadata, "spec": endpoint_to_v1beta1(spec["default"])}
    if stored is not None:
        kept = stored.get("spec") or {}
        before = endpoint_to_v1beta1(_endpoint(kept))
        for each in (before, made["spec"]):
            _as_model(each["predictor"], kept.get("predictor") or {})
        made["spec"] = keep_unsayable(kept, before, made["spec"])
        if "status" in stored:
            made["status"] = stored["status"]
    return {"apiVersion": V1BETA1, "kind": document["kind"], **made}


def from_v1beta1(stored: JsonObject) -> dict[str, Any]:
    """The object as clients of v1alpha2 see it."""
    predictor = (stored.get("spec") or {}).get("predictor") or {}
    spec: dict[str, Any] = {"default": _endpoint(stored.get("spec") or {})}
    if "canaryTrafficPercent" in predictor:
        spec["canaryTrafficPercent"] = predictor["canaryTrafficPercent"]
    made = {
        "apiVersion": V1ALPHA2,
        "kind": stored["kind"],
        "metadata": stored["metadata"],
        "spec": spec,
    }
    status = _status(stored.get("status") or {})
    return {**made, "status": status} if status else made


def endpoint_to_v1beta1(endpoint: JsonObject) -> dict[str, Any]:
    """One endpoint's components as a v1beta1 spec."""
    return {
        name: _component_to_v1beta1(endpoint[name], blocks)
        for name, blocks in _COMPONENTS.items()
        if name in endpoint
    }


def _component_to_v1beta1(component: JsonObject, blocks: Sequence[str]) -> dict[str, Any]:
    """Several blocks at once are all carried over: v1beta1's webhook says what is wrong."""
    made = _pick(component, _SHARED)
    if component.get("parallelism"):  # 0 is Go's unset
        made["containerConcurrency"] = component["parallelism"]
    for name, fields in _NESTED.items():
        if name in component:
            made[name] = _pick(component[name], fields)
    for block in blocks:
        if block in component:
            made[block] = _pick(component[block], _SERVER)
    if "custom" in component:
        made["containers"] = [component["custom"]["container"]]
    return made


def _endpoint(spec: JsonObject) -> dict[str, Any]:
    """A v1beta1 spec as the default endpoint, as far as it can be said."""
    endpoint: dict[str, Any] = {"predictor": {}}
    for name, blocks in _COMPONENTS.items():
        if name in spec:
            endpoint[name] = _component_from_v1beta1(spec[name], blocks)
    return endpoint


def _component_from_v1beta1(component: JsonObject, blocks: Sequence[str]) -> dict[str, Any]:
    made = _pick(component, _SHARED)
    if component.get("containerConcurrency"):
        made["parallelism"] = component["containerConcurrency"]
    for name, fields in _NESTED.items():
        if name in component:
            made[name] = _pick(component[name], fields)
    servers = {block: component[block] for block in blocks if block in component}
    framework = _format_of(component)
    if framework in blocks:
        servers[framework] = component["model"]
    for block, server in servers.items():
        made[block] = _pick(server, _SERVER)
    if not servers and component.get("containers"):
        made["custom"] = {"container": component["containers"][0]}
    return made


def _as_model(predictor: dict[str, Any], stored: JsonObject) -> None:
    """Move the block of the stored model's own format into `model`, where it is stored."""
    framework = _format_of(stored)
    if framework in predictor:
        block = predictor.pop(framework)
        predictor["model"] = {**block, "modelFormat": {"name": framework}}


def _format_of(predictor: JsonObject) -> str:
    """The framework that a `model` names; empty for other forms."""
    model = predictor.get("model") or {}
    return str((model.get("modelFormat") or {}).get("name", ""))


def _status(status: JsonObject) -> dict[str, Any]:
    """In a canary, `default` is the revision that was rolled out and `canary` the latest one, as
    v1alpha2 means them; KFServing 0.5 names the latest as `default` and leaves traffic out."""
    made = _pick(status, ("conditions", "url", "address"))
    components: Mapping[str, JsonObject] = status.get("components") or {}
    default: dict[str, Any] = {}
    canary: dict[str, Any] = {}
    for name, component in components.items():
        host = urlsplit(component.get("url") or "").netloc
        latest = _revision(component.get("latestCreatedRevision"), host)
        previous = _previous(component)
        if previous is None:
            default[name] = latest
            continue
        default[name] = _revision(previous.get("revisionName"), host)
        canary[name] = latest
        if name == "predictor":
            made["canaryTraffic"] = 100 - (previous.get("percent") or 0)
    if (components.get("predictor") or {}).get("traffic"):
        made["traffic"] = 100 - made.get("canaryTraffic", 0)
    made.update({key: value for key, value in (("default", default), ("canary", canary)) if value})
    return made


def _previous(component: JsonObject) -> JsonObject | None:
    """The traffic target of the revision before the latest, while traffic is split."""
    targets: Sequence[JsonObject] = component.get("traffic") or ()
    return next((target for target in targets if not target.get("latestRevision")), None)


def _revision(name: str | None, host: str) -> dict[str, str]:
    return {key: text for key, text in (("name", name), ("host", host)) if text}


def _pick(source: JsonObject, fields: Sequence[str]) -> dict[str, Any]:
    return {field: source[field] for field in fields if field in source}


CONVERSION: Final = Conversion(V1alpha2InferenceService, to_v1beta1, from_v1beta1)
