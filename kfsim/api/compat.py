"""Which release's names, rules and quirks a project asks for (`kfsim up --compat`).

A `Profile` holds, as plain values, all that differs between the two modes, so that no code asks
which mode it is in. `Cluster` and the admission are given one and hand it down; whoever names or
decides something takes the value from it (decision 0042).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kfsim.api.kserve import keys


class Compat(StrEnum):
    """Both API groups are accepted either way."""

    KSERVE = "kserve"
    """Current KServe."""
    KFSERVING = "kfserving"
    """KFServing 0.5 and 0.6; where the two differ, 0.6.1."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One mode's names and rules; the defaults are current KServe's."""

    compat: Compat = Compat.KSERVE

    # Names.
    service_suffix: str = ""
    """Ends the names of a service's Knative Services, after NAME-COMPONENT."""
    serving_container: str = keys.SERVING_CONTAINER
    provision_volume: str = keys.PROVISION_VOLUME
    storage_initializer_image: str = "kserve/storage-initializer:v0.20.0"
    webhook_server: str = "kserve-webhook-server"
    tag_routing: str = keys.ENABLE_TAG_ROUTING
    visibility: str = keys.VISIBILITY
    own_label: str = keys.INFERENCE_SERVICE
    """On template and Pods, with the InferenceService's name. kfsim's own label is there too."""

    # Predictors.
    serving_runtimes: bool = True
    """A ServingRuntime makes the predictor; else its framework block names a fixed server."""
    name_variable: bool = True
    """Containers get INFERENCE_SERVICE_NAME."""
    name_headers: bool = True
    """The VirtualService sets KServe-Isvc-Name and -Namespace."""

    # Traffic and status.
    guarded_rollback: bool = True
    """A rolled-out revision goes back only to one that exists, and only when it has all traffic."""
    rollback_when_writing: bool = False
    """The traffic that is asked for already goes back to the revision before."""
    condition_sources: tuple[str, str] = ("RoutesReady", "ConfigurationsReady")
    """The Knative Service's conditions that a component's route and configuration conditions are
    copied from."""
    renamed_conditions: tuple[tuple[str, str], ...] = ()
    """From, to."""
    sums_conditions: bool = True
    """RoutesReady, LatestDeploymentReady and Stopped exist."""
    model_status: bool = True
    """modelStatus, deploymentMode and the runtime's name exist."""
    address_has_path: bool = False
    """status.address.url leads to the model, not to the service."""

    def service_name(self, isvc_name: str, component: str) -> str:
        """The component's Knative Service."""
        return f"{isvc_name}-{component}{self.service_suffix}"

    def webhook(self, kind: str) -> str:
        """The validating webhook of a kind."""
        return f"{kind.lower()}.{self.webhook_server}.validator"


CURRENT: Final = Profile()
KFSERVING: Final = Profile(
    compat=Compat.KFSERVING,
    service_suffix="-default",
    serving_container="kfserving-container",
    provision_volume="kfserving-provision-location",
    storage_initializer_image="kfserving/storage-initializer:v0.6.1",
    webhook_server="kfserving-webhook-server",
    tag_routing="serving.kubeflow.org/enable-tag-routing",
    visibility="serving.knative.dev/visibility",
    own_label="serving.kubeflow.org/inferenceservice",
    serving_runtimes=False,
    name_variable=False,
    name_headers=False,
    guarded_rollback=False,
    rollback_when_writing=True,
    condition_sources=("ConfigurationsReady", "RoutesReady"),
    renamed_conditions=(("TransformerConfigurationReady", "TransformerConfigurationeReady"),),
    sums_conditions=False,
    model_status=False,
    address_has_path=True,
)

_PROFILES: Final[Mapping[Compat, Profile]] = MappingProxyType(
    {profile.compat: profile for profile in (CURRENT, KFSERVING)}
)


def profile_of(compat: Compat) -> Profile:
    """The names and rules of a mode."""
    return _PROFILES[compat]
