"""What becomes of an InferenceService's traffic, and whether its components find each other.

    traffic now ──the newest revision is ready──▶ traffic planned ──promote, roll back──▶ …

The plan is `canary.make_traffic`'s, with revision names for what it calls the latest. Reads the
store and nothing else.
"""

from itertools import pairwise
from typing import Any

from kfsim.api.conditions import find_condition, is_true
from kfsim.api.knative.serving import Service
from kfsim.api.kserve.keys import COMPONENT
from kfsim.api.kserve.types import ComponentStatus, InferenceService
from kfsim.controllers.inferenceservice.canary import Rollout, make_traffic
from kfsim.controllers.inferenceservice.plan import PREDICTOR
from kfsim.store import Store

_CALLERS = ("transformer", "explainer")
_HOST_FLAG = "--predictor_host"


def foresee_traffic(isvc: InferenceService) -> list[str]:
    """What is planned for the predictor where it differs from now, and how to end a canary."""
    status = isvc.status.components.get(PREDICTOR)
    if status is None or not status.latest_created_revision:
        return []
    percent = isvc.spec.predictor.canary_traffic_percent
    created, rolled_out = status.latest_created_revision, status.latest_rolledout_revision or ""
    planned = _planned(percent, created, rolled_out)
    lines = []
    if planned != _now(status):
        shares = ", ".join(f"{share} % to {name}" for name, share in planned.items() if share)
        lines.append(f"planned, once {created} is ready: {shares}")
    if len(planned) > 1:
        lines.append(
            f"to promote {created} remove canaryTrafficPercent; canaryTrafficPercent: 0 gives all "
            f"to {rolled_out}"
        )
    return lines


def _planned(percent: int | None, created: str, rolled_out: str) -> dict[str, int]:
    shares: dict[str, int] = {}
    targets = make_traffic(percent, Rollout(rolled_out), tag_routing=False)
    for target in targets:
        name = created if target.latest_revision else target.revision_name or ""
        shares[name] = shares.get(name, 0) + (target.percent or 0)
    return shares


def _now(status: ComponentStatus) -> dict[str, int]:
    shares: dict[str, int] = {}
    for target in status.traffic:
        name = target.revision_name or ""
        shares[name] = shares.get(name, 0) + (target.percent or 0)
    return shares


def explain_links(store: Store, isvc: InferenceService) -> list[dict[str, Any]]:
    """Where the transformer and the explainer look for the predictor, and whether a service of
    that name answers."""
    spec = {"transformer": isvc.spec.transformer, "explainer": isvc.spec.explainer}
    hosts = {each: _host(store, isvc, each) for each in _CALLERS if spec[each] is not None}
    return [
        {"component": component, "host": host, **_reach(store, isvc, host)}
        for component, host in hosts.items()
        if host
    ]


def _host(store: Store, isvc: InferenceService, component: str) -> str:
    """The argument that the container is given; empty while it is not made yet."""
    owned = store.owned(Service, isvc)
    service = next((s for s in owned if s.metadata.labels.get(COMPONENT) == component), None)
    if service is None:
        return ""
    for container in service.spec.template.spec.containers:
        arguments = [*container.args, ""]
        for argument, following in pairwise(arguments):
            flag, equals, value = argument.partition("=")
            if flag == _HOST_FLAG:
                return value if equals else following
    return ""


def _reach(store: Store, isvc: InferenceService, host: str) -> dict[str, Any]:
    """Names are `SERVICE`, `SERVICE.NAMESPACE` and longer ones, with or without a port."""
    labels = host.partition(":")[0].split(".")
    namespace = labels[1] if len(labels) > 1 else isvc.metadata.namespace
    service = store.find(Service, labels[0], namespace)
    if service is None:
        return {
            "answers": False,
            "reason": f"there is no service {labels[0]} in namespace {namespace}; remove "
            f"{_HOST_FLAG} from the arguments to have the predictor's",
        }
    ready = find_condition(service.status.conditions, "Ready")
    if is_true(service.status.conditions):
        return {"answers": True, "reason": f"service {labels[0]} is ready"}
    said = ready.message if ready is not None else None
    return {"answers": False, "reason": f"service {labels[0]} is not ready: {said or 'yet'}"}
