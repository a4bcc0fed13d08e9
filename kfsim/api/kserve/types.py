"""serving.kserve.io (and, by conversion of the group, serving.kubeflow.org): KServe's kinds.

InferenceService v1beta1 and the runtimes v1alpha1. Framework blocks (`sklearn:` …) and the
`model:` form are both accepted; defaulting rewrites the first into the second. Facts from KServe
v0.20 pkg/apis/serving/v1beta1.
"""

from typing import Any, ClassVar, Final

from pydantic import Field

from kfsim.api.core import Container, PodSpec
from kfsim.api.knative.serving import Addressable, TrafficTarget
from kfsim.api.meta import Condition, Model, Object, shared

FRAMEWORKS: Final = (
    "sklearn",
    "xgboost",
    "lightgbm",
    "pmml",
    "tensorflow",
    "pytorch",
    "onnx",
    "triton",
    "paddle",
    "huggingface",
)
"""Predictor blocks that are shorthand for `model.modelFormat.name`, in wire spelling."""


class LoggerSpec(Model):
    url: str | None = None
    mode: str | None = None
    metadata_headers: tuple[str, ...] = ()
    metadata_annotations: tuple[str, ...] = ()
    storage: dict[str, Any] | None = None
    marshaller_url: str | None = None
    batch_size: int | None = None
    batch_interval: Any = None


class Batcher(Model):
    """maxLatency and timeout in milliseconds."""

    max_batch_size: int | None = None
    max_latency: int | None = None
    timeout: int | None = None


class StorageSpec(Model):
    path: str | None = None
    schema_path: str | None = None
    parameters: dict[str, str] = Field(default_factory=dict)
    storage_key: str | None = Field(default=None, alias="key")


class ModelFormat(Model):
    name: str = ""
    version: str | None = None


class PredictorExtension(Container):
    """A framework block: a container plus where the model is."""

    storage_uri: str | None = None
    runtime_version: str | None = None
    protocol_version: str | None = None
    storage: StorageSpec | None = None
    confidential: dict[str, Any] | None = None
    model_class_name: str | None = None


class ModelSpec(PredictorExtension):
    """The `model:` form."""

    model_format: ModelFormat = Field(default_factory=shared(ModelFormat))
    runtime: str | None = None


class StorageUri(Model):
    uri: str
    mount_path: str = "/mnt/models"


class ComponentSpec(PodSpec):
    """What predictor, transformer and explainer share, the inlined PodSpec included.

    `timeout` in seconds; `max_replicas` 0 is unbounded; `container_concurrency` 0 is unlimited.
    """

    min_replicas: int | None = None
    max_replicas: int | None = None
    scale_target: int | None = None
    scale_metric: str | None = None
    scale_metric_type: str | None = None
    auto_scaling: dict[str, Any] | None = None
    container_concurrency: int | None = None
    timeout: int | None = None
    canary_traffic_percent: int | None = None
    logger: LoggerSpec | None = None
    batcher: Batcher | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    deployment_strategy: dict[str, Any] | None = None


class PredictorSpec(ComponentSpec):
    """Exactly one of the framework blocks, `model` or `containers`."""

    sklearn: PredictorExtension | None = None
    xgboost: PredictorExtension | None = None
    lightgbm: PredictorExtension | None = None
    pmml: PredictorExtension | None = None
    tensorflow: PredictorExtension | None = None
    pytorch: PredictorExtension | None = None
    onnx: PredictorExtension | None = None
    triton: PredictorExtension | None = None
    paddle: PredictorExtension | None = None
    huggingface: PredictorExtension | None = None
    model: ModelSpec | None = None
    name: str | None = None
    storage_uris: tuple[StorageUri, ...] = ()
    storage_container_name: str | None = None
    confidential: Any = None
    worker_spec: dict[str, Any] | None = None


class TransformerSpec(ComponentSpec):
    """Custom containers only."""

    storage_uris: tuple[StorageUri, ...] = ()


class ExplainerExtension(PredictorExtension):
    type: str | None = None
    config: dict[str, str] = Field(default_factory=dict)


class ExplainerSpec(ComponentSpec):
    """`art` (and, before KServe, `alibi` and `aix`) or custom containers."""

    art: ExplainerExtension | None = None
    alibi: ExplainerExtension | None = None
    aix: ExplainerExtension | None = None
    storage_uris: tuple[StorageUri, ...] = ()


class CanarySpec(Model):
    """One canary of Standard mode; its predictor has a name."""

    predictor: PredictorSpec = Field(default_factory=shared(PredictorSpec))
    traffic_percent: int = 0


class InferenceServiceSpec(Model):
    predictor: PredictorSpec = Field(default_factory=shared(PredictorSpec))
    transformer: TransformerSpec | None = None
    explainer: ExplainerSpec | None = None
    canary: tuple[CanarySpec, ...] = ()


class ComponentStatus(Model):
    latest_ready_revision: str | None = None
    latest_created_revision: str | None = None
    previous_rolledout_revision: str | None = None
    latest_rolledout_revision: str | None = None
    traffic: tuple[TrafficTarget, ...] = ()
    url: str | None = None
    rest_url: str | None = None
    grpc_url: str | None = None
    address: Addressable | None = None


class FailureInfo(Model):
    """reason is one of ModelLoadFailed, RuntimeUnhealthy, RuntimeDisabled, NoSupportingRuntime,
    RuntimeNotRecognized, InvalidPredictorSpec."""

    location: str | None = None
    reason: str | None = None
    message: str | None = None
    model_revision_name: str | None = None
    time: str | None = None
    exit_code: int | None = None


class ModelCopies(Model):
    failed_copies: int | None = None
    total_copies: int | None = None


class ModelRevisionStates(Model):
    """Each is "", Pending, Standby, Loading, Loaded or FailedToLoad."""

    active_model_state: str | None = None
    target_model_state: str | None = None


class ModelStatus(Model):
    """transitionStatus is UpToDate, InProgress, BlockedByFailedLoad or InvalidSpec."""

    transition_status: str | None = None
    states: ModelRevisionStates | None = None
    last_failure_info: FailureInfo | None = None
    copies: ModelCopies | None = None


class InferenceServiceStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    url: str | None = None
    address: Addressable | None = None
    components: dict[str, ComponentStatus] = Field(default_factory=dict)
    model_status: ModelStatus | None = None
    deployment_mode: str | None = None
    serving_runtime_name: str | None = None
    cluster_serving_runtime_name: str | None = None


class InferenceService(Object):
    """Short name isvc."""

    API_VERSION: ClassVar[str] = "serving.kserve.io/v1beta1"
    KIND: ClassVar[str] = "InferenceService"

    spec: InferenceServiceSpec = Field(default_factory=shared(InferenceServiceSpec))
    status: InferenceServiceStatus = Field(default_factory=shared(InferenceServiceStatus))


class SupportedModelFormat(Model):
    name: str
    version: str | None = None
    auto_select: bool | None = None
    priority: int | None = None


class ServingRuntimeSpec(PodSpec):
    """Containers' args and env may hold Go templates over the InferenceService's metadata."""

    supported_model_formats: tuple[SupportedModelFormat, ...] = ()
    multi_model: bool | None = None
    disabled: bool | None = None
    protocol_versions: tuple[str, ...] = ()
    annotations: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    grpc_endpoint: str | None = None
    grpc_data_endpoint: str | None = None
    http_data_endpoint: str | None = None
    storage_helper: dict[str, Any] | None = None
    built_in_adapter: dict[str, Any] | None = None
    replicas: int | None = None
    worker_spec: dict[str, Any] | None = None


class ServingRuntime(Object):
    API_VERSION: ClassVar[str] = "serving.kserve.io/v1alpha1"
    KIND: ClassVar[str] = "ServingRuntime"

    spec: ServingRuntimeSpec = Field(default_factory=shared(ServingRuntimeSpec))
    status: dict[str, Any] = Field(default_factory=dict)


class ClusterServingRuntime(Object):
    """The same spec as ServingRuntime, cluster-scoped."""

    API_VERSION: ClassVar[str] = "serving.kserve.io/v1alpha1"
    KIND: ClassVar[str] = "ClusterServingRuntime"

    spec: ServingRuntimeSpec = Field(default_factory=shared(ServingRuntimeSpec))
    status: dict[str, Any] = Field(default_factory=dict)
