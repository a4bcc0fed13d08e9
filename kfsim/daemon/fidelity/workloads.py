"""What runs for an object: the Deployments of its newest revisions, or the Pod that it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kfsim.api.apps import Deployment
from kfsim.api.core import Container, Pod
from kfsim.api.fidelity.effects import When
from kfsim.api.knative.serving import Configuration, Revision, Service
from kfsim.api.kserve.keys import COMPONENT
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceService, ServingRuntime
from kfsim.api.meta import Object
from kfsim.replicas.marks import BACKEND_ANNOTATION, PROCESS, REASON_ANNOTATION
from kfsim.replicas.serving import QUEUE_PROXY
from kfsim.store import Store

_TEMPLATE = "spec.template.spec"


@dataclass(frozen=True, slots=True)
class Workload:
    """One Deployment or Pod. `path` is where the object speaks of it; `backend` is empty while it
    is not decided."""

    path: str
    namespace: str
    name: str
    component: str = ""
    revision: str = ""
    backend: str = ""
    reason: str = ""
    images: tuple[str, ...] = ()

    @property
    def conditions(self) -> frozenset[When]:
        return frozenset((When.PROCESS,)) if self.backend == PROCESS else frozenset()


def find_workloads(store: Store, obj: Object) -> tuple[Workload, ...]:
    """Those of the object; for a runtime, those of the services that use it."""
    if isinstance(obj, InferenceService):
        return tuple(_of_components(store, obj))
    if isinstance(obj, ServingRuntime | ClusterServingRuntime):
        return tuple(_of_users(store, obj))
    if isinstance(obj, Service):
        found = (_of_configuration(store, each) for each in store.owned(Configuration, obj))
        return tuple(each for each in found if each is not None)
    if isinstance(obj, Configuration):
        workload = _of_configuration(store, obj)
        return () if workload is None else (workload,)
    if isinstance(obj, Deployment):
        return (_of_deployment(obj, _TEMPLATE),)
    return (_of_pod(obj),) if isinstance(obj, Pod) else ()


def _of_components(store: Store, isvc: InferenceService) -> Iterator[Workload]:
    for service in store.owned(Service, isvc):
        component = service.metadata.labels.get(COMPONENT, "")
        for configuration in store.owned(Configuration, service):
            found = _of_configuration(store, configuration, component=component)
            if found is not None:
                yield found


def _of_users(store: Store, runtime: ServingRuntime | ClusterServingRuntime) -> Iterator[Workload]:
    """One that stands for all users, where they all run alike."""
    is_cluster = isinstance(runtime, ClusterServingRuntime)
    name = runtime.metadata.name
    found: dict[str, Workload] = {}
    for isvc in store.list(InferenceService, None if is_cluster else runtime.metadata.namespace):
        status = isvc.status
        used = status.cluster_serving_runtime_name if is_cluster else status.serving_runtime_name
        if used == name:
            for each in _of_components(store, isvc):
                if each.component == "predictor":
                    found[each.backend] = each
    if len(found) == 1:
        ((backend, each),) = found.items()
        yield Workload("spec", "", "", backend=backend, reason=each.reason)


def _of_configuration(
    store: Store, configuration: Configuration, *, component: str = ""
) -> Workload | None:
    """The newest revision's; None before it has a Deployment."""
    namespace = configuration.metadata.namespace
    newest = configuration.status.latest_created_revision_name
    revision = store.find(Revision, newest, namespace) if newest else None
    made = () if revision is None else store.owned(Deployment, revision)
    if revision is None or not made:
        return None
    path = f"spec.{component}" if component else _TEMPLATE
    return _of_deployment(made[0], path, component=component, revision=revision.metadata.name)


def _of_deployment(
    deployment: Deployment, path: str, *, component: str = "", revision: str = ""
) -> Workload:
    metadata = deployment.metadata
    return _workload(
        metadata.annotations,
        deployment.spec.template.spec.containers,
        Workload(path, metadata.namespace, metadata.name, component, revision),
    )


def _of_pod(pod: Pod) -> Workload:
    metadata = pod.metadata
    place = Workload("spec", metadata.namespace, metadata.name)
    return _workload(metadata.annotations, pod.spec.containers, place)


def _workload(
    annotations: Mapping[str, str], containers: tuple[Container, ...], place: Workload
) -> Workload:
    images = (each.image for each in containers if each.name != QUEUE_PROXY and each.image)
    return Workload(
        place.path,
        place.namespace,
        place.name,
        place.component,
        place.revision,
        backend=annotations.get(BACKEND_ANNOTATION, ""),
        reason=annotations.get(REASON_ANNOTATION, ""),
        images=tuple(dict.fromkeys(images)),
    )
