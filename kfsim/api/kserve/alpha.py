"""serving.kserve.io/v1alpha1: TrainedModel, InferenceGraph and ClusterStorageContainer.

They are defaulted and validated as KServe v0.20's CRDs and webhooks do (pkg/apis/serving/v1alpha1)
and kept; nothing acts on them yet.
"""

from typing import Any, ClassVar, Final

from pydantic import Field

from kfsim.api.core import Container, ResourceRequirements
from kfsim.api.meta import Condition, Model, Object, shared

ROOT_NODE: Final = "root"


class TrainedModelContent(Model):
    """What to load; `memory` is a quantity."""

    storage_uri: str
    framework: str
    memory: str | int


class TrainedModelSpec(Model):
    inference_service: str
    model: TrainedModelContent


class TrainedModelStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    annotations: dict[str, str] = Field(default_factory=dict)
    url: str | None = None
    address: dict[str, Any] | None = None


class TrainedModel(Object):
    """Short name tm."""

    API_VERSION: ClassVar[str] = "serving.kserve.io/v1alpha1"
    KIND: ClassVar[str] = "TrainedModel"

    spec: TrainedModelSpec | None = None
    status: TrainedModelStatus = Field(default_factory=shared(TrainedModelStatus))


class InferenceStep(Model):
    """Exactly one of the three targets; `weight` in percent, for a Splitter."""

    step_name: str | None = Field(default=None, alias="name")
    node_name: str | None = None
    service_name: str | None = None
    service_url: str | None = None
    data: str | None = None
    map_predictions_to_instances: bool | None = None
    weight: int | None = None
    condition: str | None = None
    dependency: str | None = None


class InferenceRouter(Model):
    """routerType is Sequence, Splitter, Ensemble or Switch."""

    router_type: str
    steps: tuple[InferenceStep, ...] = ()


class RouterTimeouts(Model):
    """Seconds."""

    server_read: int | None = None
    server_write: int | None = None
    server_idle: int | None = None
    service_client: int | None = None


class InferenceGraphSpec(Model):
    """`timeout` in seconds."""

    nodes: dict[str, InferenceRouter]
    resources: ResourceRequirements | None = None
    affinity: dict[str, Any] | None = None
    timeout: int | None = None
    router_timeouts: RouterTimeouts | None = None
    min_replicas: int | None = None
    max_replicas: int | None = None
    scale_target: int | None = None
    scale_metric: str | None = None
    tolerations: tuple[dict[str, Any], ...] = ()
    node_selector: dict[str, str] = Field(default_factory=dict)
    node_name: str | None = None
    service_account_name: str | None = None


class InferenceGraphStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    annotations: dict[str, str] = Field(default_factory=dict)
    url: str | None = None
    deployment_mode: str | None = None


class InferenceGraph(Object):
    """Short name ig."""

    API_VERSION: ClassVar[str] = "serving.kserve.io/v1alpha1"
    KIND: ClassVar[str] = "InferenceGraph"

    spec: InferenceGraphSpec | None = None
    status: InferenceGraphStatus = Field(default_factory=shared(InferenceGraphStatus))


class SupportedUriFormat(Model):
    """A prefix or a regular expression."""

    prefix: str | None = None
    regex: str | None = None


class StorageContainerSpec(Model):
    """workloadType is initContainer or localModelDownloadJob."""

    container: Container
    supported_uri_formats: tuple[SupportedUriFormat, ...]
    workload_type: str | None = None
    supports_multi_model_download: bool | None = None


class ClusterStorageContainer(Object):
    """Cluster-scoped; `disabled` stands beside the spec."""

    API_VERSION: ClassVar[str] = "serving.kserve.io/v1alpha1"
    KIND: ClassVar[str] = "ClusterStorageContainer"

    spec: StorageContainerSpec | None = None
    disabled: bool | None = None
