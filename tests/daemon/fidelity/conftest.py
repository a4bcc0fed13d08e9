"""A store with the objects that controllers would have made."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from kfsim.api.apps import Deployment, DeploymentSpec, PodTemplateSpec
from kfsim.api.core import Container, Event, ObjectReference, PodSpec
from kfsim.api.knative.serving import Configuration, ConfigurationStatus, Revision, Service
from kfsim.api.kserve.keys import COMPONENT, KFSIM_SOURCE, LAST_APPLIED
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import Object, ObjectMeta, owner_reference
from kfsim.base.entropy import SeededEntropy
from kfsim.replicas.marks import BACKEND_ANNOTATION, REASON_ANNOTATION
from kfsim.store import Store
from kfsim.testing.clock import FakeClock

IMAGE = "kserve/sklearnserver:v0.20.0"


@dataclass
class World:
    store: Store = field(default_factory=lambda: Store(clock=FakeClock(), entropy=SeededEntropy(1)))

    def service(self, document: dict[str, Any] | None = None, *, name: str = "iris") -> Any:
        """An InferenceService that was applied from a file."""
        written = document or {"spec": {"predictor": {"minReplicas": 0}}}
        annotations = {LAST_APPLIED: json.dumps(written), KFSIM_SOURCE: "/m/iris.yaml"}
        metadata = ObjectMeta(name=name, namespace="default", annotations=annotations)
        return self.store.create(InferenceService(metadata=metadata))

    def runs(
        self, isvc: InferenceService, backend: str, *, component: str = "predictor", number: int = 1
    ) -> Deployment:
        """The chain from a service to the Deployment of its newest revision."""
        base = f"{isvc.metadata.name}-{component}"
        service = self._child(Service, base, isvc, labels={COMPONENT: component})
        configuration = self._child(Configuration, base, service)
        revision = self._child(Revision, f"{base}-{number:05d}", configuration)
        status = ConfigurationStatus(latest_created_revision_name=revision.metadata.name)
        self.store.update_status(configuration.replaced(status=status))
        containers = (
            Container(name="kserve-container", image=IMAGE),
            Container(name="queue-proxy", image="queue"),
        )
        return self.store.create(
            Deployment(
                metadata=self._metadata(
                    f"{revision.metadata.name}-deployment",
                    revision,
                    annotations={BACKEND_ANNOTATION: backend, REASON_ANNOTATION: "it is so"},
                ),
                spec=DeploymentSpec(template=PodTemplateSpec(spec=PodSpec(containers=containers))),
            )
        )

    def event(self, kind: str, name: str, reason: str, message: str) -> None:
        number = len(self.store.entries(Event))
        self.store.create(
            Event(
                metadata=ObjectMeta(name=f"event-{number}", namespace="default"),
                involved_object=ObjectReference(kind=kind, name=name, namespace="default"),
                reason=reason,
                message=message,
            )
        )

    def _child(self, model: type[Any], name: str, owner: Object, **metadata: Any) -> Any:
        found = self.store.find(model, name, "default")
        made = model(metadata=self._metadata(name, owner, **metadata))
        return found or self.store.create(made)

    def _metadata(self, name: str, owner: Object, **more: Any) -> ObjectMeta:
        owners = (owner_reference(owner),)
        return ObjectMeta(name=name, namespace="default", owner_references=owners, **more)


@pytest.fixture
def world() -> World:
    return World()
