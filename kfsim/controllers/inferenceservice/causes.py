"""What keeps an InferenceService from being ready, found as deep as it lies.

    spec → revision → Pod → container

Conditions repeat the deepest reason on the way up, or lose it (a transformer's container has no
part in modelStatus). Only the newest revision of a component counts, and only once the Knative
objects speak about the spec in force: what an older one did is mended or will be. Reads the store
and nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kfsim.api.conditions import FALSE, TRUE, find_condition
from kfsim.api.core import ContainerStatus, Pod
from kfsim.api.knative.keys import REVISION
from kfsim.api.knative.serving import Configuration, Revision, Service
from kfsim.api.kserve.keys import COMPONENT
from kfsim.api.kserve.types import InferenceService
from kfsim.controllers.inferenceservice.plan import PREDICTOR
from kfsim.controllers.inferenceservice.status import COMPONENT_CONDITIONS, is_settled
from kfsim.replicas.failures import describe_end, may_yet_start, prevents_start
from kfsim.replicas.lifecycle import CRASH_LOOP
from kfsim.store import Store


@dataclass(frozen=True, slots=True)
class Cause:
    """One component's reason. `failed`: waiting will not mend it, or has not the last time."""

    component: str
    reason: str
    message: str
    failed: bool
    revision: str = ""
    pod: str = ""
    container: str = ""

    def __str__(self) -> str:
        where = "" if self.component == PREDICTOR else self.component
        return ": ".join(filter(None, (where, self.reason, self.message)))


def find_causes(store: Store, isvc: InferenceService) -> list[Cause]:
    """One for each component that is not ready for a reason that is known; failed ones first."""
    if isvc.status.observed_generation != isvc.metadata.generation:
        return []
    found = (_find(store, isvc, component) for component in COMPONENT_CONDITIONS)
    known = [cause for cause in found if cause is not None]
    return sorted(known, key=lambda cause: not cause.failed)


def _find(store: Store, isvc: InferenceService, component: str) -> Cause | None:
    ready = find_condition(isvc.status.conditions, COMPONENT_CONDITIONS[component].ready)
    if ready is None or ready.status == TRUE:
        return None
    namespace = isvc.metadata.namespace
    owned = store.owned(Service, isvc)
    service = next((s for s in owned if s.metadata.labels.get(COMPONENT) == component), None)
    status = isvc.status.components.get(component)
    revision = (status.latest_created_revision if status is not None else None) or ""
    if service is None or not revision:
        if ready.status != FALSE:
            return None
        return Cause(component, ready.reason or "", ready.message or "", failed=service is None)
    if not is_settled(service, store.find(Configuration, service.metadata.name, namespace)):
        return None
    pods = sorted(
        store.list(Pod, namespace, labels={REVISION: revision}), key=lambda pod: pod.metadata.name
    )
    blocked = (cause for pod in pods for cause in _of_pod(component, revision, pod))
    return next(blocked, None) or _of_revision(store, component, revision, namespace)


def _of_pod(component: str, revision: str, pod: Pod) -> Iterator[Cause]:
    if pod.metadata.deletion_timestamp is not None:
        return
    for container in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        found = _of_container(container)
        if found is not None:
            reason, message, failed = found
            yield Cause(
                component, reason, message, failed, revision, pod.metadata.name, container.name
            )
    scheduled = find_condition(pod.status.conditions, "PodScheduled")
    if scheduled is not None and scheduled.status == FALSE:
        yield Cause(
            component,
            scheduled.reason or "",
            scheduled.message or "",
            failed=False,  # devices that others hold may come free
            revision=revision,
            pod=pod.metadata.name,
        )


def _of_container(status: ContainerStatus) -> tuple[str, str, bool] | None:
    """Reason, message and whether it failed, of a container that waits for a reason."""
    waiting = status.state.waiting if status.state is not None else None
    if waiting is None:
        return None
    reason = waiting.reason or ""
    if reason == CRASH_LOOP:
        ended = status.last_state.terminated if status.last_state is not None else None
        if ended is None:
            return reason, waiting.message or "", True
        said = describe_end(ended.reason, ended.message)
        return reason, said or f"ended with exit code {ended.exit_code}, and said nothing", True
    if prevents_start(reason):
        return reason, waiting.message or "", not may_yet_start(reason)
    return None


def _of_revision(store: Store, component: str, revision: str, namespace: str) -> Cause | None:
    found = store.find(Revision, revision, namespace)
    ready = find_condition(found.status.conditions, "Ready") if found is not None else None
    if ready is None or ready.status != FALSE:
        return None
    return Cause(
        component, ready.reason or "", ready.message or "", failed=False, revision=revision
    )
