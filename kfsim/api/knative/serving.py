"""serving.knative.dev/v1: Service, Configuration, Revision, Route."""

from typing import Any, ClassVar

from pydantic import Field

from kfsim.api.core import PodSpec
from kfsim.api.meta import Condition, Model, Object, ObjectMeta, shared


class RevisionSpec(PodSpec):
    """A PodSpec plus what the queue-proxy needs; seconds."""

    container_concurrency: int | None = None
    timeout_seconds: int | None = None
    response_start_timeout_seconds: int | None = None
    idle_timeout_seconds: int | None = None


class RevisionTemplateSpec(Model):
    metadata: ObjectMeta = Field(default_factory=shared(ObjectMeta))
    spec: RevisionSpec = Field(default_factory=shared(RevisionSpec))


class TrafficTarget(Model):
    """A share of traffic; in a status, `revision_name` is always resolved."""

    tag: str | None = None
    revision_name: str | None = None
    configuration_name: str | None = None
    latest_revision: bool | None = None
    percent: int | None = None
    url: str | None = None


class Addressable(Model):
    url: str | None = None
    name: str | None = None


class ServiceSpec(Model):
    template: RevisionTemplateSpec = Field(default_factory=shared(RevisionTemplateSpec))
    traffic: tuple[TrafficTarget, ...] = ()


class ServiceStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    latest_created_revision_name: str | None = None
    latest_ready_revision_name: str | None = None
    url: str | None = None
    address: Addressable | None = None
    traffic: tuple[TrafficTarget, ...] = ()
    annotations: dict[str, str] = Field(default_factory=dict)


class Service(Object):
    """Short name ksvc."""

    API_VERSION: ClassVar[str] = "serving.knative.dev/v1"
    KIND: ClassVar[str] = "Service"

    spec: ServiceSpec = Field(default_factory=shared(ServiceSpec))
    status: ServiceStatus = Field(default_factory=shared(ServiceStatus))


class ConfigurationSpec(Model):
    template: RevisionTemplateSpec = Field(default_factory=shared(RevisionTemplateSpec))


class ConfigurationStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    latest_created_revision_name: str | None = None
    latest_ready_revision_name: str | None = None
    annotations: dict[str, str] = Field(default_factory=dict)


class Configuration(Object):
    API_VERSION: ClassVar[str] = "serving.knative.dev/v1"
    KIND: ClassVar[str] = "Configuration"

    spec: ConfigurationSpec = Field(default_factory=shared(ConfigurationSpec))
    status: ConfigurationStatus = Field(default_factory=shared(ConfigurationStatus))


class ContainerStatusRef(Model):
    name: str
    image_digest: str | None = None


class RevisionStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    log_url: str | None = None
    container_statuses: tuple[ContainerStatusRef, ...] = ()
    init_container_statuses: tuple[ContainerStatusRef, ...] = ()
    actual_replicas: int | None = None
    desired_replicas: int | None = None
    annotations: dict[str, str] = Field(default_factory=dict)


class Revision(Object):
    """An immutable snapshot of a Configuration's template."""

    API_VERSION: ClassVar[str] = "serving.knative.dev/v1"
    KIND: ClassVar[str] = "Revision"

    spec: RevisionSpec = Field(default_factory=shared(RevisionSpec))
    status: RevisionStatus = Field(default_factory=shared(RevisionStatus))


class RouteSpec(Model):
    traffic: tuple[TrafficTarget, ...] = ()


class RouteStatus(Model):
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    url: str | None = None
    address: Addressable | None = None
    traffic: tuple[TrafficTarget, ...] = ()
    annotations: dict[str, str] = Field(default_factory=dict)


class Route(Object):
    API_VERSION: ClassVar[str] = "serving.knative.dev/v1"
    KIND: ClassVar[str] = "Route"

    spec: RouteSpec = Field(default_factory=shared(RouteSpec))
    status: RouteStatus = Field(default_factory=shared(RouteStatus))


class Image(Object):
    """caching.internal.knative.dev/v1alpha1: names an image worth keeping."""

    API_VERSION: ClassVar[str] = "caching.internal.knative.dev/v1alpha1"
    KIND: ClassVar[str] = "Image"

    spec: dict[str, Any] = Field(default_factory=dict)
    status: dict[str, Any] = Field(default_factory=dict)
