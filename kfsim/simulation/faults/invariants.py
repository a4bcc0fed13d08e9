"""What must hold of a cluster: at any moment, and once all is quiet.

Pure functions over the store, the routing table and what the backend runs; each returns sentences,
one per violation, and none where all is well.
"""

from collections.abc import Iterator, Mapping, Sequence

from kfsim.api.apps import Deployment
from kfsim.api.conditions import find_condition
from kfsim.api.core import Event, Pod
from kfsim.api.knative.internal import PodAutoscaler
from kfsim.api.knative.serving import Configuration, Revision
from kfsim.api.kserve.types import InferenceService
from kfsim.api.scheme import KINDS
from kfsim.base.types import ReplicaKey, RoutingTable, ServiceName
from kfsim.replicas.backend import ReplicaSpec
from kfsim.store import Store

_MOST_REVISIONS = 64
"""config-gc keeps 20 without traffic, and those of the last two days."""


def check_always(
    store: Store, table: RoutingTable, running: Sequence[ReplicaSpec]
) -> Iterator[str]:
    """At any moment."""
    yield from _check_shares(table)
    yield from _check_bounds(store)
    yield from _check_devices(running)


def check_quiet(store: Store, table: RoutingTable, running: Sequence[ReplicaSpec]) -> Iterator[str]:
    """Once nothing changes any more."""
    yield from check_always(store, table, running)
    yield from _check_owners(store)
    yield from _check_revisions(store)
    yield from _check_scales(store)
    yield from _check_replicas(store, running)
    yield from _check_endpoints(store, table)


def check_forgotten(store: Store) -> Iterator[str]:
    """After hours in which nothing happened."""
    for entry in store.entries(Event):
        yield f"Event {entry.namespace}/{entry.name} never expired"


def check_kept(store: Store, acknowledged: Mapping[ServiceName, str]) -> Iterator[str]:
    """Every service whose creation was acknowledged is there, and is the same."""
    for (namespace, name), uid in acknowledged.items():
        found = store.find(InferenceService, name, namespace)
        if found is None:
            yield f"InferenceService {namespace}/{name} was acknowledged and is gone"
        elif found.metadata.uid != uid:
            yield f"InferenceService {namespace}/{name} was acknowledged and is another one"


def find_unready(store: Store) -> Iterator[str]:
    """Services that are not Ready, with the reason that they give."""
    for service in store.list(InferenceService):
        ready = service.status and find_condition(service.status.conditions, "Ready")
        if not ready or ready.status != "True":
            why = f"{ready.reason}: {ready.message}" if ready else "no condition"
            yield f"InferenceService {service.metadata.namespace}/{service.metadata.name}: {why}"


def _check_shares(table: RoutingTable) -> Iterator[str]:
    for name, route in table.routes():
        total = sum(share.percent for share in route.split)
        if route.split and total != 100:
            yield f"the traffic of {name} adds up to {total} %"
        for share in route.split:
            if share.revision not in table.revisions:
                yield f"{name} is routed to the unknown revision {share.revision}"


def _check_bounds(store: Store) -> Iterator[str]:
    for autoscaler in store.list(PodAutoscaler):
        name, most = autoscaler.metadata.name, _limit(autoscaler, "max-scale")
        deployment = _target(store, autoscaler)
        asked = (deployment and deployment.spec.replicas) or 0
        if asked < 0 or (most and asked > most):
            yield f"the Deployment of {name} asks for {asked} of at most {most or 'any number'}"
        wanted = autoscaler.status.desired_scale
        if wanted is not None and (wanted < -1 or (most and wanted > most)):
            yield f"PodAutoscaler {name} wants {wanted} of at most {most or 'any number'}"


def _check_scales(store: Store) -> Iterator[str]:
    """As many Pods as asked for, and no fewer than a revision with traffic must have."""
    for autoscaler in store.list(PodAutoscaler):
        namespace, name = autoscaler.metadata.namespace, autoscaler.metadata.name
        deployment = _target(store, autoscaler)
        if deployment is None:
            yield f"PodAutoscaler {namespace}/{name} has no Deployment"
            continue
        asked, pods = deployment.spec.replicas or 0, len(store.owned(Pod, deployment))
        if pods != asked:
            yield f"the Deployment of {namespace}/{name} asks for {asked} Pods and has {pods}"
        least = _limit(autoscaler, "min-scale")
        if autoscaler.spec.reachability == "Reachable" and asked < least:
            yield f"the Deployment of {namespace}/{name} asks for {asked} of at least {least}"


def _check_revisions(store: Store) -> Iterator[str]:
    for configuration in store.list(Configuration):
        count = len(store.owned(Revision, configuration))
        if count > _MOST_REVISIONS:
            yield f"Configuration {configuration.metadata.name} has {count} Revisions"


def _target(store: Store, autoscaler: PodAutoscaler) -> Deployment | None:
    name = autoscaler.spec.scale_target_ref.name or ""
    return store.find(Deployment, name, autoscaler.metadata.namespace)


def _limit(autoscaler: PodAutoscaler, name: str) -> int:
    return int(autoscaler.metadata.annotations.get(f"autoscaling.knative.dev/{name}", "0"))


def _check_devices(running: Sequence[ReplicaSpec]) -> Iterator[str]:
    holders: dict[str, ReplicaKey] = {}
    for spec in running:
        for device in {each for given in spec.devices.values() for each in given}:
            if device in holders:
                yield f"{device} is held by {holders[device]} and by {spec.key}"
            holders[device] = spec.key


def _check_owners(store: Store) -> Iterator[str]:
    everything = [entry for kind in KINDS for entry in store.entries(kind.model)]
    uids = {entry.uid for entry in everything}
    for entry in everything:
        if entry.owner_uid and entry.owner_uid not in uids:
            yield f"{entry.resource.kind} {entry.namespace}/{entry.name} has lost its owner"
        elif entry.model is Pod and not entry.owner_uid:
            yield f"Pod {entry.namespace}/{entry.name} has no owner"
        elif entry.deleting:
            yield f"{entry.resource.kind} {entry.namespace}/{entry.name} never went away"


def _check_replicas(store: Store, running: Sequence[ReplicaSpec]) -> Iterator[str]:
    pods = {ReplicaKey(entry.namespace, entry.name): entry.uid for entry in store.entries(Pod)}
    for spec in running:
        if pods.get(spec.key) != spec.uid:
            yield f"replica {spec.key} runs without a Pod"
    keys = {spec.key for spec in running}
    for key in _ready_pods(store):
        if key not in keys:
            yield f"Pod {key} is ready without a replica"


def _ready_pods(store: Store) -> dict[ReplicaKey, None]:
    """Others may wait for as long as what they need is missing."""
    return {
        ReplicaKey(pod.metadata.namespace, pod.metadata.name): None
        for pod in store.list(Pod)
        if pod.status and (found := find_condition(pod.status.conditions, "Ready"))
        if found.status == "True"
    }


def _check_endpoints(store: Store, table: RoutingTable) -> Iterator[str]:
    ready = _ready_pods(store)
    for revision, target in table.revisions.items():
        if store.find(Revision, revision.name, revision.namespace) is None:
            yield f"the routing table knows {revision}, which does not exist"
        for endpoint in target.endpoints:
            if endpoint.replica not in ready:
                yield f"{revision} is served by {endpoint.replica}, which is not ready"
