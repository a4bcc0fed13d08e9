"""serving.kubeflow.org/v1alpha2: the InferenceService of KFServing 0.3 to 0.5.

Two endpoints, `default` and `canary`, each with components of its own. Facts from KFServing 0.5.1
pkg/apis/serving/v1alpha2/inferenceservice_types.go. Objects are never stored in this version:
`kserve_v1alpha2_conversion` turns them into v1beta1 and back.
"""

from typing import Any, ClassVar, Final

from pydantic import Field

from kfsim.api.core import Container, ResourceRequirements
from kfsim.api.knative.serving import Addressable
from kfsim.api.meta import Condition, Model, Object, shared

FRAMEWORKS: Final = (
    "tensorflow",
    "triton",
    "xgboost",
    "lightgbm",
    "sklearn",
    "onnx",
    "pytorch",
    "pmml",
)
"""Predictor blocks of this version, in wire spelling."""


class Logger(Model):
    url: str | None = None
    mode: str | None = None


class Batcher(Model):
    max_batch_size: int | None = None
    max_latency: int | None = None
    timeout: int | None = None


class Custom(Model):
    """Any container, instead of a framework's server."""

    container: Container


class Deployment(Model):
    """What all components share; `parallelism` is v1beta1's containerConcurrency."""

    service_account_name: str | None = None
    min_replicas: int | None = None
    max_replicas: int | None = None
    parallelism: int | None = None
    logger: Logger | None = None
    batcher: Batcher | None = None
    custom: Custom | None = None


class Framework(Model):
    """A model server; `nthread` is XGBoost's and LightGBM's, `model_class_name` PyTorch's."""

    storage_uri: str | None = None
    runtime_version: str | None = None
    resources: ResourceRequirements | None = None
    nthread: int | None = None
    model_class_name: str | None = None


class Predictor(Deployment):
    tensorflow: Framework | None = None
    triton: Framework | None = None
    xgboost: Framework | None = None
    lightgbm: Framework | None = None
    sklearn: Framework | None = None
    onnx: Framework | None = None
    pytorch: Framework | None = None
    pmml: Framework | None = None


class Transformer(Deployment):
    """Custom only."""


class ExplainerBlock(Model):
    type: str | None = None
    storage_uri: str | None = None
    runtime_version: str | None = None
    resources: ResourceRequirements | None = None
    config: dict[str, str] = Field(default_factory=dict)


class Explainer(Deployment):
    alibi: ExplainerBlock | None = None
    aix: ExplainerBlock | None = None


class Endpoint(Model):
    predictor: Predictor
    transformer: Transformer | None = None
    explainer: Explainer | None = None


class V1alpha2Spec(Model):
    default: Endpoint
    canary: Endpoint | None = None
    canary_traffic_percent: int | None = None


class ComponentRevision(Model):
    """The revision behind an endpoint's component."""

    name: str | None = None
    host: str | None = None


class V1alpha2Status(Model):
    """`traffic` and `canary_traffic` in percent; the maps are by component."""

    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    annotations: dict[str, Any] = Field(default_factory=dict)
    url: str | None = None
    traffic: int | None = None
    canary_traffic: int | None = None
    default: dict[str, ComponentRevision] = Field(default_factory=dict)
    canary: dict[str, ComponentRevision] = Field(default_factory=dict)
    address: Addressable | None = None


class V1alpha2InferenceService(Object):
    API_VERSION: ClassVar[str] = "serving.kubeflow.org/v1alpha2"
    KIND: ClassVar[str] = "InferenceService"

    spec: V1alpha2Spec
    status: V1alpha2Status = Field(default_factory=shared(V1alpha2Status))
