"""autoscaling.internal and networking.internal.knative.dev/v1alpha1."""

from typing import ClassVar

from pydantic import Field

from kfsim.api.core import ObjectReference
from kfsim.api.meta import Condition, Model, Object, shared


class PodAutoscalerSpec(Model):
    """`reachability` is Reachable, Unreachable or empty (unknown, counts as reachable)."""

    scale_target_ref: ObjectReference = Field(default_factory=shared(ObjectReference))
    container_concurrency: int | None = None
    protocol_type: str | None = None
    reachability: str | None = None


class PodAutoscalerStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    service_name: str | None = None
    metrics_service_name: str | None = None
    desired_scale: int | None = None
    actual_scale: int | None = None


class PodAutoscaler(Object):
    """Short names kpa and pa."""

    API_VERSION: ClassVar[str] = "autoscaling.internal.knative.dev/v1alpha1"
    KIND: ClassVar[str] = "PodAutoscaler"

    spec: PodAutoscalerSpec = Field(default_factory=shared(PodAutoscalerSpec))
    status: PodAutoscalerStatus = Field(default_factory=shared(PodAutoscalerStatus))


class MetricSpec(Model):
    """Windows in whole seconds, as Go duration nanoseconds on the wire of a cluster."""

    stable_window: int | None = None
    panic_window: int | None = None
    scrape_target: str | None = None


class MetricStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()


class Metric(Object):
    API_VERSION: ClassVar[str] = "autoscaling.internal.knative.dev/v1alpha1"
    KIND: ClassVar[str] = "Metric"

    spec: MetricSpec = Field(default_factory=shared(MetricSpec))
    status: MetricStatus = Field(default_factory=shared(MetricStatus))


class ServerlessServiceSpec(Model):
    """`mode` is Proxy (activator in the path) or Serve."""

    mode: str | None = None
    object_ref: ObjectReference = Field(default_factory=shared(ObjectReference))
    protocol_type: str | None = None
    num_activators: int | None = None


class ServerlessServiceStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    service_name: str | None = None
    private_service_name: str | None = None


class ServerlessService(Object):
    """Short name sks."""

    API_VERSION: ClassVar[str] = "networking.internal.knative.dev/v1alpha1"
    KIND: ClassVar[str] = "ServerlessService"

    spec: ServerlessServiceSpec = Field(default_factory=shared(ServerlessServiceSpec))
    status: ServerlessServiceStatus = Field(default_factory=shared(ServerlessServiceStatus))


class IngressBackendSplit(Model):
    """`service_name` is a revision's public Service; percents of one path add up to 100."""

    service_namespace: str = ""
    service_name: str = ""
    service_port: int | str | None = None
    percent: int | None = None
    append_headers: dict[str, str] = Field(default_factory=dict)


class IngressHeaderMatch(Model):
    exact: str = ""


class IngressPath(Model):
    path: str | None = None
    rewrite_host: str | None = None
    headers: dict[str, IngressHeaderMatch] = Field(default_factory=dict)
    splits: tuple[IngressBackendSplit, ...] = ()
    append_headers: dict[str, str] = Field(default_factory=dict)


class IngressRuleValue(Model):
    paths: tuple[IngressPath, ...] = ()


class IngressRule(Model):
    """`visibility` is ExternalIP or ClusterLocal."""

    hosts: tuple[str, ...] = ()
    visibility: str | None = None
    http: IngressRuleValue = Field(default_factory=shared(IngressRuleValue))


class IngressSpec(Model):
    rules: tuple[IngressRule, ...] = ()
    http_option: str | None = None


class IngressStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()


class Ingress(Object):
    """Short names kingress and king."""

    API_VERSION: ClassVar[str] = "networking.internal.knative.dev/v1alpha1"
    KIND: ClassVar[str] = "Ingress"

    spec: IngressSpec = Field(default_factory=shared(IngressSpec))
    status: IngressStatus = Field(default_factory=shared(IngressStatus))
