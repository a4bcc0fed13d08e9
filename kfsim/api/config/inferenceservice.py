"""inferenceservice-config: what KServe's webhook fills in (pkg/apis/serving/v1beta1/configmap.go).

Its values are JSON texts. `deploy`, `inferenceService` and `security` are read; the settings of
gateways, images and sidecars have no meaning here and may say what they like.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kfsim.api.kserve.keys import KNATIVE, LEGACY_DEPLOYMENT_MODES, MODEL_MESH, STANDARD
from kfsim.base.errors import Invalid
from kfsim.base.quantities import parse_quantity

KSERVE_NAMESPACE: Final = "kserve"
CONFIG_INFERENCE_SERVICE: Final = "inferenceservice-config"
_MODES: Final = (KNATIVE, STANDARD, MODEL_MESH)
_RESOURCES: Final[Mapping[str, str]] = {"cpu": "1", "memory": "2Gi"}


@dataclass(frozen=True, slots=True)
class InferenceServiceConfig:
    """`requests` and `limits` are of custom containers that say nothing of them;
    `automount_token` is None where nothing is to be written."""

    deployment_mode: str = KNATIVE
    requests: Mapping[str, str] = field(default_factory=lambda: _RESOURCES)
    limits: Mapping[str, str] = field(default_factory=lambda: _RESOURCES)
    automount_token: bool | None = None

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> "InferenceServiceConfig":
        """Raises Invalid."""
        resource = _object(_read(data, "inferenceService"), "inferenceService", "resource")
        automount = _read(data, "security").get("autoMountServiceAccountToken", True)
        if not isinstance(automount, bool):
            raise _refusal("security", "autoMountServiceAccountToken", automount, "true or false")
        return cls(
            deployment_mode=_mode(_read(data, "deploy")),
            requests=_resources(resource, "Request"),
            limits=_resources(resource, "Limit"),
            automount_token=None if automount else False,
        )


def _read(data: Mapping[str, str], key: str) -> dict[str, Any]:
    text = data.get(key)
    if text is None:
        return {}
    try:
        content = json.loads(text)
    except ValueError as error:
        raise Invalid(f"{CONFIG_INFERENCE_SERVICE}: {key} is no JSON: {error}") from error
    return _object({key: content}, "data", key)


def _object(holder: Mapping[str, Any], where: str, key: str) -> dict[str, Any]:
    content = holder.get(key)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _refusal(where, key, content, "an object")
    return content


def _mode(deploy: Mapping[str, Any]) -> str:
    given = deploy.get("defaultDeploymentMode") or KNATIVE
    mode = LEGACY_DEPLOYMENT_MODES.get(given, given)
    if mode not in _MODES:
        known = ", ".join((*_MODES, *LEGACY_DEPLOYMENT_MODES))
        raise _refusal("deploy", "defaultDeploymentMode", given, f"one of {known}")
    return str(mode)


def _resources(resource: Mapping[str, Any], kind: str) -> dict[str, str]:
    """`cpuRequest`, `memoryLimit` and so on; an empty one sets nothing."""
    found = {}
    for name, default in _RESOURCES.items():
        text = resource.get(f"{name}{kind}", default)
        try:
            parse_quantity(text or "0")
        except (ValueError, TypeError) as error:
            raise Invalid(
                f"{CONFIG_INFERENCE_SERVICE}: inferenceService: {name}{kind}: {error}"
            ) from error
        if text:
            found[name] = str(text)
    return found


def _refusal(where: str, key: str, value: Any, allowed: str) -> Invalid:
    return Invalid(f"{CONFIG_INFERENCE_SERVICE}: {where}: {key} is {value!r}; it must be {allowed}")
