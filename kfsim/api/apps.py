"""apps/v1: Deployment, which kfsim turns into Pods directly (no ReplicaSet between)."""

from typing import Any, ClassVar

from pydantic import Field

from kfsim.api.core import PodSpec
from kfsim.api.meta import Condition, LabelSelector, Model, Object, ObjectMeta, shared


class PodTemplateSpec(Model):
    metadata: ObjectMeta = Field(default_factory=shared(ObjectMeta))
    spec: PodSpec = Field(default_factory=shared(PodSpec))


class DeploymentSpec(Model):
    replicas: int | None = None
    selector: LabelSelector = Field(default_factory=shared(LabelSelector))
    template: PodTemplateSpec = Field(default_factory=shared(PodTemplateSpec))
    strategy: dict[str, Any] | None = None
    progress_deadline_seconds: int | None = None
    min_ready_seconds: int | None = None
    revision_history_limit: int | None = None
    paused: bool | None = None


class DeploymentStatus(Model):
    observed_generation: int | None = None
    replicas: int | None = None
    updated_replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    unavailable_replicas: int | None = None
    terminating_replicas: int | None = None
    conditions: tuple[Condition, ...] = ()


class Deployment(Object):
    API_VERSION: ClassVar[str] = "apps/v1"
    KIND: ClassVar[str] = "Deployment"

    spec: DeploymentSpec = Field(default_factory=shared(DeploymentSpec))
    status: DeploymentStatus = Field(default_factory=shared(DeploymentStatus))
