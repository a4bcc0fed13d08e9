"""Why an InferenceService is as it is: readiness, runtime, traffic, replicas.

Reads the store and nothing else; the answer is plain data for `/kfsim/v1/why`.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kfsim.api.apps import Deployment
from kfsim.api.compat import CURRENT, Profile
from kfsim.api.conditions import FALSE, TRUE, find_condition, is_true
from kfsim.api.core import ContainerStateTerminated, ContainerStatus, Event, Pod
from kfsim.api.kfserving.servers import find_blocks, find_server
from kfsim.api.knative.internal import PodAutoscaler
from kfsim.api.knative.keys import REVISION
from kfsim.api.knative.serving import Revision
from kfsim.api.kserve.keys import INFERENCE_SERVICE
from kfsim.api.kserve.runtime_selection import Candidate, Runtime, collect_runtimes, select_runtime
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceService, ServingRuntime
from kfsim.api.meta import Condition, Object
from kfsim.api.names import child_name
from kfsim.api.substitution import LocalMaps, Substitution
from kfsim.controllers.inferenceservice.causes import find_causes
from kfsim.controllers.inferenceservice.foresight import explain_links, foresee_traffic
from kfsim.controllers.inferenceservice.plan import make_plan
from kfsim.controllers.inferenceservice.status import INGRESS_READY, STOPPED
from kfsim.replicas.failures import describe_end
from kfsim.replicas.marks import BACKEND_ANNOTATION, REASON_ANNOTATION
from kfsim.store import Store

_EVENTS_SHOWN = 10
_WARNINGS_SHOWN = 3
_NO_MAPS = LocalMaps()


def explain(
    store: Store,
    namespace: str,
    name: str,
    maps: LocalMaps = _NO_MAPS,
    *,
    strict: bool = False,
    profile: Profile = CURRENT,
) -> dict[str, Any]:
    """The explanation of one InferenceService; `maps`, `strict` and `profile` as for its plan.
    Raises NotFound."""
    isvc = store.get(InferenceService, name, namespace)
    runtimes = collect_runtimes(
        store.list(ServingRuntime, namespace), store.list(ClusterServingRuntime)
    )
    plan = make_plan(isvc, runtimes, maps, strict=strict, profile=profile)
    not_ready = _not_ready(isvc)
    causes = find_causes(store, isvc)
    reasons = [str(cause) for cause in causes] or [_text(condition) for condition in not_ready]
    return {
        "name": name,
        "namespace": namespace,
        "ready": is_true(isvc.status.conditions),
        "reason": next(filter(None, reasons), ""),
        "causes": [asdict(cause) for cause in causes],
        "url": isvc.status.url,
        "generation": isvc.metadata.generation,
        "observedGeneration": isvc.status.observed_generation,
        "notReady": [
            {"type": c.type, "status": c.status, "reason": c.reason, "message": c.message}
            for c in not_ready
        ],
        "model": isvc.status.model_status.model_dump(by_alias=True, exclude_none=True)
        if isvc.status.model_status is not None
        else None,
        "runtime": _runtime(isvc, runtimes),
        "substitutions": [asdict(each) for each in plan.substitutions],
        "traffic": _traffic(isvc),
        "trafficPlan": foresee_traffic(isvc),
        "links": explain_links(store, isvc),
        "revisions": _revisions(store, isvc),
        "events": _events(store, isvc),
    }


def find_substitutions(
    store: Store,
    isvc: InferenceService,
    maps: LocalMaps,
    *,
    strict: bool = False,
    profile: Profile = CURRENT,
) -> tuple[Substitution, ...]:
    """What the service's plan puts in place of what is asked for, as it would be made now."""
    if not maps:
        return ()
    runtimes = collect_runtimes(
        store.list(ServingRuntime, isvc.metadata.namespace), store.list(ClusterServingRuntime)
    )
    return make_plan(isvc, runtimes, maps, strict=strict, profile=profile).substitutions


def explain_wait(store: Store, namespace: str, name: str) -> dict[str, Any]:
    """What keeps one service from being ready: the first cause in words, empty without one, and
    whether waiting is in vain. Cheap enough to be asked again and again. Raises NotFound."""
    causes = find_causes(store, store.get(InferenceService, name, namespace))
    return {
        "text": str(causes[0]) if causes else "",
        "failed": any(cause.failed for cause in causes),
    }


def _not_ready(isvc: InferenceService) -> list[Condition]:
    """The conditions that are not True, those that Ready depends on first, False before Unknown.

    IngressReady comes after the components, for which it only waits.
    """
    found = [
        condition
        for condition in isvc.status.conditions
        if condition.status != TRUE and condition.type not in ("Ready", STOPPED)
    ]
    found.sort(key=lambda c: (c.severity is not None, c.type == INGRESS_READY, c.status != FALSE))
    return found


def _runtime(isvc: InferenceService, runtimes: Sequence[Runtime]) -> dict[str, Any] | None:
    """The selection as it would be made now; None for a custom container."""
    model = isvc.spec.predictor.model
    if model is None:
        return _fixed_server(isvc)
    selection = select_runtime(
        model, runtimes, multi_node=isvc.spec.predictor.worker_spec is not None
    )
    chosen = selection.chosen
    return {
        "name": chosen.name if chosen else None,
        "kind": _scope(cluster_scoped=chosen.cluster_scoped) if chosen else None,
        "named": model.runtime is not None,
        "reason": selection.message
        or f"first of those that support {model.model_format.name} over "
        f"{model.protocol_version or 'v1'}",
        "candidates": [_candidate(c) for c in selection.candidates if c.same_format],
    }


def _fixed_server(isvc: InferenceService) -> dict[str, Any] | None:
    """The server of a framework block, which stays one in KFServing only."""
    blocks = find_blocks(isvc.spec.predictor)
    if not blocks:
        return None
    block = blocks[0]
    return {
        "name": find_server(block, getattr(isvc.spec.predictor, block)).image,
        "kind": None,
        "named": False,
        "reason": f"KFServing's server for {block}",
        "candidates": [],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "name": candidate.name,
        "kind": _scope(cluster_scoped=candidate.cluster_scoped),
        "priority": candidate.priority,
        "rejected": list(candidate.rejections),
    }


def _scope(*, cluster_scoped: bool) -> str:
    return ClusterServingRuntime.KIND if cluster_scoped else ServingRuntime.KIND


def _traffic(isvc: InferenceService) -> list[dict[str, Any]]:
    """Each component's targets, with what makes them so."""
    rows: list[dict[str, Any]] = []
    for component, status in isvc.status.components.items():
        for target in status.traffic:
            reason = "the latest ready revision"
            if not target.latest_revision:
                reason = "the latest rolled-out revision gets what canaryTrafficPercent leaves"
            elif status.latest_ready_revision != status.latest_created_revision:
                reason = f"{status.latest_created_revision} is not ready, so the last ready one"
            rows.append(
                {
                    "component": component,
                    "revision": target.revision_name,
                    "percent": target.percent,
                    "tag": target.tag,
                    "reason": reason,
                }
            )
    return rows


def _revisions(store: Store, isvc: InferenceService) -> list[dict[str, Any]]:
    """Every revision of the service with its replicas and what the autoscaler wants."""
    namespace = isvc.metadata.namespace
    mine = {INFERENCE_SERVICE: isvc.metadata.name}
    pods = store.list(Pod, namespace, labels=mine)
    rows: list[dict[str, Any]] = []
    for revision in store.list(Revision, namespace, labels=mine):
        name = revision.metadata.name
        scaler = store.find(PodAutoscaler, name, namespace)
        active = find_condition(scaler.status.conditions, "Active") if scaler else None
        rows.append(
            {
                "name": name,
                "ready": is_true(revision.status.conditions),
                "reason": _text(find_condition(revision.status.conditions, "Ready")),
                "desiredReplicas": scaler.status.desired_scale if scaler else None,
                "actualReplicas": scaler.status.actual_scale if scaler else None,
                "active": active.status == TRUE if active else None,
                "activeReason": _text(active),
                "backend": _backend(store, namespace, name),
                "pods": [_pod(store, p) for p in pods if p.metadata.labels.get(REVISION) == name],
            }
        )
    return rows


def _backend(store: Store, namespace: str, revision: str) -> dict[str, str] | None:
    """What runs the revision's replicas and why; None where there is no choice."""
    deployment = store.find(Deployment, child_name(revision, "-deployment"), namespace)
    annotations = {} if deployment is None else deployment.metadata.annotations
    if BACKEND_ANNOTATION not in annotations:
        return None
    return {
        "name": annotations[BACKEND_ANNOTATION],
        "reason": annotations.get(REASON_ANNOTATION, ""),
    }


def _pod(store: Store, pod: Pod) -> dict[str, Any]:
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    ready = is_true(pod.status.conditions)
    return {
        "name": pod.metadata.name,
        "phase": pod.status.phase,
        "ready": ready,
        "containers": [text for status in statuses if (text := _container(status))],
        "warnings": [] if ready else _warnings(store, pod),
    }


def _warnings(store: Store, pod: Pod) -> list[str]:
    """What was last complained about, such as a probe that fails; newest first."""
    mine = [event for event in _events_about(store, pod) if event.type == "Warning"]
    texts = dict.fromkeys(f"{event.reason}: {event.message}" for event in mine)
    return list(texts)[:_WARNINGS_SHOWN]


def _container(status: ContainerStatus) -> str:
    """Empty for a container that runs as it should."""
    state = status.state
    if state is None:
        return ""
    restarts = f", restarted {status.restart_count} times" if status.restart_count else ""
    if state.waiting is not None:
        last = status.last_state.terminated if status.last_state is not None else None
        ended = f"; last ended with {_describe_end(last)}" if last else ""
        text = ": ".join(filter(None, (state.waiting.reason, state.waiting.message)))
        return f"{status.name} waits: {text}{ended}{restarts}"
    if state.terminated is not None and state.terminated.exit_code:
        return f"{status.name} ended with {_describe_end(state.terminated)}{restarts}"
    return ""


def _describe_end(ended: ContainerStateTerminated) -> str:
    said = describe_end(ended.reason, ended.message)
    return f"{ended.exit_code}: {said or ended.reason}"


def _events(store: Store, isvc: InferenceService) -> list[dict[str, Any]]:
    """The latest Events about the InferenceService itself, newest first."""
    return [
        {"type": e.type, "reason": e.reason, "message": e.message, "time": e.last_timestamp}
        for e in _events_about(store, isvc)[:_EVENTS_SHOWN]
    ]


def _events_about(store: Store, about: Object) -> list[Event]:
    """The Events of one object, newest first."""
    mine = [
        event
        for event in store.list(Event, about.metadata.namespace)
        if event.involved_object.uid == about.metadata.uid
    ]
    return sorted(mine, key=lambda event: event.last_timestamp or "", reverse=True)


def _text(condition: Condition | None) -> str:
    """`Reason: message` of a condition; empty without either."""
    if condition is None:
        return ""
    return ": ".join(filter(None, (condition.reason, condition.message)))
