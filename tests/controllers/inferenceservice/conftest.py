"""One InferenceService and its reconciler, with hands that play the Knative controllers."""

from collections.abc import Callable
from typing import Any

import pytest

from kfsim.api.admission import admit
from kfsim.api.compat import CURRENT, Profile
from kfsim.api.core import Event, Pod
from kfsim.api.knative.serving import Configuration, Service
from kfsim.api.kserve.builtin_runtimes import builtin_runtimes
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.api.scheme import kind_of
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.inferenceservice.ingress import IngressConfig
from kfsim.controllers.inferenceservice.reconcile import InferenceServiceReconciler
from kfsim.controllers.runtime import Key, Recorder
from kfsim.store import Store
from kfsim.testing.clock import FakeClock

NAMESPACE = "default"
NAME = "iris"
KSVC = "iris-predictor"
KEY = Key(NAMESPACE, NAME)
SKLEARN: dict[str, Any] = {
    "model": {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://models/iris"}
}


def condition(type_: str, status: str, reason: str = "", message: str = "") -> Condition:
    return Condition(type=type_, status=status, reason=reason or None, message=message or None)


class World:
    """Every `reconcile` runs twice: the second time must write nothing."""

    def __init__(self, *, profile: Profile = CURRENT) -> None:
        self.profile = profile
        self.clock = FakeClock()
        entropy = SeededEntropy(1)
        self.store = Store(clock=self.clock, entropy=entropy)
        self.port = 8080
        self.reconciler = InferenceServiceReconciler(
            store=self.store,
            clock=self.clock,
            recorder=Recorder(
                store=self.store, clock=self.clock, entropy=entropy, component="test"
            ),
            ingress=IngressConfig(
                domain="localhost", gateway_port=lambda: self.port, profile=profile
            ),
        )
        for runtime in builtin_runtimes():
            self.store.create(runtime)

    def apply(
        self,
        predictor: dict[str, Any] | None = None,
        *,
        annotations: dict[str, str] | None = None,
        labels: dict[str, str] | None = None,
        **spec: Any,
    ) -> InferenceService:
        """Create or update through admission, then reconcile."""
        wanted = InferenceService.model_validate(
            {
                "metadata": {
                    "name": NAME,
                    "namespace": NAMESPACE,
                    "annotations": annotations or {},
                    "labels": labels or {},
                },
                "spec": {"predictor": SKLEARN if predictor is None else predictor, **spec},
            }
        )
        old = self.store.find(InferenceService, NAME, NAMESPACE)
        admitted = admit(kind_of(InferenceService), wanted, old, profile=self.profile)
        assert isinstance(admitted, InferenceService)
        if old is None:
            self.store.create(admitted)
        else:
            self.store.update(admitted)
        return self.reconcile()

    def reconcile(self) -> InferenceService:
        self.reconciler.reconcile(KEY)
        self.forget_views()
        version = self.store.resource_version
        self.clock.advance(10.0)
        self.reconciler.reconcile(KEY)
        assert self.store.resource_version == version, "the second reconcile wrote something"
        return self.isvc

    def forget_views(self) -> None:
        """Decode from bytes again, as after a restart: equality must survive it."""
        self.store._views.clear()

    @property
    def isvc(self) -> InferenceService:
        return self.store.get(InferenceService, NAME, NAMESPACE)

    @property
    def ksvc(self) -> Service:
        return self.store.get(Service, KSVC, NAMESPACE)

    def condition(self, type_: str) -> Condition:
        return next(c for c in self.isvc.status.conditions if c.type == type_)

    def events(self) -> list[tuple[str, str]]:
        events = self.store.list(Event, NAMESPACE)
        return sorted((e.reason or "", e.message or "") for e in events)

    def observe(
        self,
        *conditions: Condition,
        created: str,
        ready: str,
        traffic: list[tuple[str, int, bool]],
        component: str = "predictor",
        stale: bool = False,
        lagging_configuration: bool = False,
    ) -> InferenceService:
        """What the Knative controllers would report: traffic as (revision, percent, latest)."""
        name = f"{NAME}-{component}"
        ksvc = self.store.get(Service, name, NAMESPACE)
        url = f"http://{name}.{NAMESPACE}.localhost:{self.port}"
        status = {
            "observedGeneration": ksvc.metadata.generation - (1 if stale else 0),
            "latestCreatedRevisionName": created,
            "latestReadyRevisionName": ready,
            "url": url,
            "address": {"url": f"http://{name}.{NAMESPACE}.svc.cluster.local"},
            "traffic": [
                {"revisionName": revision, "percent": percent, "latestRevision": latest}
                for revision, percent, latest in traffic
            ],
        }
        found = type(ksvc.status).model_validate(status)
        self.store.update_status(ksvc.replaced(status=found.replaced(conditions=conditions)))
        self._configuration(name, created, lagging=lagging_configuration)
        return self.reconcile()

    def ready(self, revision: str = "iris-predictor-00001", **more: Any) -> InferenceService:
        return self.observe(
            *(condition(t, "True") for t in ("ConfigurationsReady", "Ready", "RoutesReady")),
            created=revision,
            ready=revision,
            traffic=[(revision, 100, True)],
            **more,
        )

    def pod(self, name: str, revision: str = "iris-predictor-00001", **status: Any) -> Pod:
        labels = {
            "serving.knative.dev/revision": revision,
            "serving.kserve.io/inferenceservice": NAME,
        }
        metadata = ObjectMeta(name=name, namespace=NAMESPACE, labels=labels)
        pod = self.store.find(Pod, name, NAMESPACE) or self.store.create(Pod(metadata=metadata))
        wanted = Pod.model_validate({"status": status}).status
        return self.store.update_status(pod.replaced(status=wanted))

    def _configuration(self, name: str, created: str, *, lagging: bool) -> None:
        configuration = self.store.find(Configuration, name, NAMESPACE) or self.store.create(
            Configuration(metadata=ObjectMeta(name=name, namespace=NAMESPACE))
        )
        status = configuration.status.replaced(
            observed_generation=configuration.metadata.generation - (1 if lagging else 0),
            latest_created_revision_name=created,
        )
        self.store.update_status(configuration.replaced(status=status))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def conditions() -> Callable[..., Condition]:
    return condition
