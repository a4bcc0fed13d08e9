"""Keeps a ServerlessService's Services, Endpoints and conditions.

As knative pkg/reconciler/serverlessservice/serverlessservice.go: without a ready Pod the public
Endpoints are the activator's whatever the mode says, so that they are never empty.
"""

from collections.abc import Callable

from kfsim.api.apps import Deployment
from kfsim.api.conditions import FALSE, TRUE, ConditionManager, ConditionSet
from kfsim.api.core import Endpoints, EndpointSubset, Pod, Service
from kfsim.api.knative.internal import ServerlessService, ServerlessServiceStatus
from kfsim.api.meta import Condition, Object
from kfsim.base.clock import Clock, format_timestamp
from kfsim.base.errors import NotFound, Unavailable
from kfsim.base.types import ReplicaKey, ServiceMode
from kfsim.controllers.runtime.controller import DONE, Key, Result
from kfsim.controllers.serverlessservice.resources import (
    PRIVATE,
    PUBLIC,
    ReadyPod,
    make_activator_subset,
    make_endpoints,
    make_pod_subsets,
    make_private_service,
    make_public_service,
    private_name,
)
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import ReplicaBackend
from kfsim.replicas.serving import serving_port
from kfsim.replicas.status import is_pod_ready
from kfsim.store import Store

ENDPOINTS_POPULATED = "EndpointsPopulated"
ACTIVATOR_ENDPOINTS_POPULATED = "ActivatorEndpointsPopulated"
_CONDITIONS = ConditionSet("Ready", (ENDPOINTS_POPULATED,))
_ACTIVATOR_HOST = "127.0.0.1"


class ServerlessServiceReconciler:
    """Makes a revision reachable through its Pods or the activator."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        backend: ReplicaBackend,
        gateway_port: Callable[[], int],
    ) -> None:
        self._store = store
        self._clock = clock
        self._backend = backend
        self._gateway_port = gateway_port
        # What was last found right, by uid: (generation of the SKS, versions of its Services).
        self._services: dict[Key, tuple[str, int, tuple[int, int]]] = {}

    def reconcile(self, key: Key) -> Result:
        sks = self._store.find(ServerlessService, key.name, key.namespace)
        if sks is None:
            self._services.pop(key, None)
            return DONE
        if sks.metadata.deletion_timestamp is not None:
            return DONE
        deployment = self._store.find(Deployment, sks.spec.object_ref.name or "", key.namespace)
        if deployment is None:  # its creation wakes this key
            return DONE
        conditions = _CONDITIONS.manager(
            sks.status.conditions, wall=format_timestamp(self._clock.wall())
        )
        conditions.initialize()
        foreign = self._keep_services(key, sks, deployment)
        if foreign:
            text = f"Resource {foreign} of type Service is not owned by SKS"
            conditions.mark_false(ENDPOINTS_POPULATED, "NotOwned", text)
        else:
            self._keep_endpoints(sks, self._ready_pods(deployment), conditions)
        status = ServerlessServiceStatus(
            observed_generation=sks.metadata.generation,
            conditions=conditions.result(),
            service_name=sks.metadata.name,
            private_service_name=private_name(sks.metadata.name),
        )
        self._store.update_status(sks.replaced(status=status))
        return DONE

    def _keep_services(self, key: Key, sks: ServerlessService, deployment: Deployment) -> str:
        """Create or mend both; returns the name of one that is somebody else's."""
        seen = (sks.metadata.uid, sks.metadata.generation, self._service_versions(sks))
        if self._services.get(key) == seen:
            return ""
        selector = deployment.spec.selector.match_labels
        for wanted in (make_private_service(sks, selector), make_public_service(sks)):
            name = wanted.metadata.name
            current = self._store.find(Service, name, sks.metadata.namespace)
            if current is None:
                self._store.create(wanted)
            elif not _is_owned(current, sks):
                return name
            else:
                spec = current.spec.replaced(ports=wanted.spec.ports, selector=wanted.spec.selector)
                self._store.update(current.replaced(spec=spec))
        self._services[key] = (*seen[:2], self._service_versions(sks))
        return ""

    def _service_versions(self, sks: ServerlessService) -> tuple[int, int]:
        name, namespace = sks.metadata.name, sks.metadata.namespace
        found = (self._store.entry(Service, each, namespace) for each in (name, private_name(name)))
        public, private = (0 if entry is None else entry.resource_version for entry in found)
        return public, private

    def _ready_pods(self, deployment: Deployment) -> list[ReadyPod]:
        """In the order of names, which does not change while Pods come and go."""
        ready: list[ReadyPod] = []
        for pod in self._store.owned(Pod, deployment):
            if not is_pod_ready(pod):
                continue
            key = ReplicaKey(pod.metadata.namespace, pod.metadata.name)
            try:
                address = self._backend.address(key, serving_port(pod))
            except (NotFound, Unavailable):  # it ended a moment ago; its Pod will say so
                continue
            ready.append(ReadyPod(pod, address))
        return ready

    def _keep_endpoints(
        self, sks: ServerlessService, ready: list[ReadyPod], conditions: ConditionManager
    ) -> None:
        own = make_pod_subsets(sks, ready)
        self._keep(sks, PRIVATE, own)
        proxied = sks.spec.mode == ServiceMode.PROXY
        if ready and not proxied:
            self._keep(sks, PUBLIC, own)
        else:
            activator = Address(_ACTIVATOR_HOST, self._gateway_port())
            self._keep(sks, PUBLIC, make_activator_subset(sks, activator))
        if ready:
            conditions.mark_true(ENDPOINTS_POPULATED)
        else:
            reason, text = "NoHealthyBackends", "K8s Service is not ready"
            conditions.mark_unknown(ENDPOINTS_POPULATED, reason, text)
        backed = Condition(
            type=ACTIVATOR_ENDPOINTS_POPULATED,
            status=TRUE if proxied or not ready else FALSE,
            # Upstream gives the same reason and message for True and False.
            reason="ActivatorEndpointsPopulated",
            message="Revision is backed by Activator",
        )
        conditions.propagate(ACTIVATOR_ENDPOINTS_POPULATED, backed, severity="Info")

    def _keep(self, sks: ServerlessService, kind: str, subsets: tuple[EndpointSubset, ...]) -> None:
        name = sks.metadata.name if kind == PUBLIC else private_name(sks.metadata.name)
        current = self._store.find(Endpoints, name, sks.metadata.namespace)
        if current is None:
            self._store.create(make_endpoints(sks, kind, subsets))
        elif current.subsets != subsets:
            self._store.update(current.replaced(subsets=subsets))


def _is_owned(child: Object, sks: ServerlessService) -> bool:
    return any(
        each.controller and each.uid == sks.metadata.uid for each in child.metadata.owner_references
    )
