"""Applies decisions: replicas, the mode of the revision's service, and the conditions.

One reconcile is one `scale_to_zero.step` (knative pkg/reconciler/autoscaling/kpa/kpa.go).
"""

from dataclasses import dataclass

from kfsim.api.apps import Deployment
from kfsim.api.conditions import find_condition
from kfsim.api.core import Pod
from kfsim.api.knative.internal import Metric, PodAutoscaler, ServerlessService
from kfsim.autoscaler.annotations import KPA_CLASS
from kfsim.autoscaler.capacity import MINIMUM_ACTIVATORS, count_activators
from kfsim.autoscaler.config import AutoscalerConfig
from kfsim.autoscaler.resolution import (
    resolve_class,
    resolve_decider_spec,
    resolve_scale_target_spec,
)
from kfsim.autoscaler.scale_to_zero import (
    PROBE_REQUEUE,
    SCALE_UNKNOWN,
    Observation,
    ScaleStep,
    ScaleTargetSpec,
    step,
)
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.clock import Clock
from kfsim.base.ports import RouteSink
from kfsim.base.types import RevisionKey, ServiceMode
from kfsim.controllers.podautoscaler import status as statuses
from kfsim.controllers.podautoscaler.resources import make_metric, make_serverless_service
from kfsim.controllers.podautoscaler.scaling import Scaling
from kfsim.controllers.runtime import ClusterConfig
from kfsim.controllers.runtime.controller import DONE, Key, Result
from kfsim.replicas.status import is_pod_ready
from kfsim.store import Store

_ACTIVATOR_CONDITION = "ActivatorEndpointsPopulated"
_UNREACHABLE = "Unreachable"


@dataclass(frozen=True, slots=True)
class _Specs:
    """What the settings and a PodAutoscaler resolve to, with what it was resolved from."""

    config: AutoscalerConfig
    deadline: float
    annotations: dict[str, str]
    container_concurrency: int
    reachable: bool
    decider: DeciderSpec
    target: ScaleTargetSpec


class PodAutoscalerReconciler:
    """Scales one revision's Deployment as its decider wishes."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        route_sink: RouteSink,
        scaling: Scaling,
        config: ClusterConfig,
    ) -> None:
        self._store = store
        self._clock = clock
        self._route_sink = route_sink
        self._scaling = scaling
        self._config = config
        self._specs: dict[Key, _Specs] = {}
        # What each Metric was last found right for, with its version: most are never read again.
        self._metrics: dict[Key, tuple[int, DeciderSpec, str]] = {}

    def reconcile(self, key: Key) -> Result:
        pa = self._store.find(PodAutoscaler, key.name, key.namespace)
        if pa is None:
            self._scaling.remove(RevisionKey(*key))
            self._specs.pop(key, None)
            self._metrics.pop(key, None)
            return DONE
        if pa.metadata.deletion_timestamp is not None:
            return DONE
        specs = self._resolve(key, pa)
        if resolve_class(specs.config, pa.metadata.annotations) != KPA_CLASS:
            return self._refuse_class(pa, specs)
        sks = self._store.find(ServerlessService, key.name, key.namespace)
        if sks is None or not sks.status.private_service_name:
            return self._await_service(pa, sks)
        return self._scale(key, pa, sks, specs)

    def _scale(self, key: Key, pa: PodAutoscaler, sks: ServerlessService, specs: _Specs) -> Result:
        wall = self._clock.wall()
        revision = RevisionKey(*key)
        deployment = self._target(pa)
        ready = self._count_ready(deployment)
        decided = self._scaling.ensure(revision, specs.decider, ready_pods=ready)
        activator = find_condition(sks.status.conditions, _ACTIVATOR_CONDITION)
        outcome = step(
            specs.target,
            statuses.read_state(pa, wall=wall),
            Observation(
                desired=decided.desired_scale,
                excess_burst_capacity=decided.excess_burst_capacity,
                ready_pods=ready,
                replicas=_replicas(deployment),
                mode=ServiceMode(sks.spec.mode or ServiceMode.PROXY),
                proxy_for=statuses.proxy_seconds(activator, wall=wall),
                activator_answers=self._route_sink.activator_in_path(revision),
                has_service=bool(sks.status.service_name),
            ),
            wall,
        )
        self._scaling.remember(revision, outcome, target=specs.target, decider=specs.decider)
        self._apply(deployment, outcome)
        self._keep_metric(pa, sks, specs.decider)
        activators = count_activators(specs.decider, ready_pods=ready)
        sks = self._keep_service(pa, sks, outcome.mode, activators)
        conditions = statuses.begin_conditions(pa, wall=wall)
        statuses.mark_service(conditions, sks)
        statuses.mark_state(conditions, outcome.state)
        status = statuses.make_status(pa, conditions, sks=sks, want=outcome.want, ready_pods=ready)
        self._store.update_status(pa.replaced(status=status))
        if outcome.start_probe:
            # The route may take a moment to swap; asking again costs a dictionary look-up.
            return Result(PROBE_REQUEUE)
        return Result(outcome.requeue_after)

    def _resolve(self, key: Key, pa: PodAutoscaler) -> _Specs:
        config = self._config.autoscaler()
        deadline = float(self._config.deployment().progress_deadline)
        annotations = pa.metadata.annotations
        concurrency = pa.spec.container_concurrency or 0
        reachable = pa.spec.reachability != _UNREACHABLE
        known = self._specs.get(key)
        if known is not None and (
            known.config is config
            and known.deadline == deadline
            and known.container_concurrency == concurrency
            and known.reachable == reachable
            and known.annotations == annotations
        ):
            return known
        specs = _Specs(
            config=config,
            deadline=deadline,
            annotations=annotations,
            container_concurrency=concurrency,
            reachable=reachable,
            decider=resolve_decider_spec(
                config, annotations, container_concurrency=concurrency, reachable=reachable
            ),
            target=resolve_scale_target_spec(
                config, annotations, reachable=reachable, progress_deadline=deadline
            ),
        )
        self._specs[key] = specs
        return specs

    def _await_service(self, pa: PodAutoscaler, sks: ServerlessService | None) -> Result:
        """Without a private Service there is nothing to decide on yet; its creation wakes us."""
        if sks is None:
            self._store.create(make_serverless_service(pa, ServiceMode.PROXY, MINIMUM_ACTIVATORS))
        conditions = statuses.begin_conditions(pa, wall=self._clock.wall())
        conditions.mark_unknown(statuses.SKS_READY, "NotReady", statuses.NO_PRIVATE_SERVICE)
        ready = self._count_ready(self._target(pa))
        status = statuses.make_status(
            pa, conditions, sks=None, want=SCALE_UNKNOWN, ready_pods=ready
        )
        self._store.update_status(pa.replaced(status=status))
        return DONE

    def _refuse_class(self, pa: PodAutoscaler, specs: _Specs) -> Result:
        name = resolve_class(specs.config, pa.metadata.annotations)
        conditions = statuses.begin_conditions(pa, wall=self._clock.wall())
        conditions.mark_false(
            statuses.ACTIVE,
            "AutoscalerClassNotSupported",
            f"Autoscaler class {name} is not supported yet; remove the annotation "
            f"autoscaling.knative.dev/class or set it to {KPA_CLASS}.",
        )
        ready = self._count_ready(self._target(pa))
        status = statuses.make_status(
            pa, conditions, sks=None, want=SCALE_UNKNOWN, ready_pods=ready
        )
        self._store.update_status(pa.replaced(status=status))
        return DONE

    def _target(self, pa: PodAutoscaler) -> Deployment | None:
        name = pa.spec.scale_target_ref.name or ""
        return self._store.find(Deployment, name, pa.metadata.namespace)

    def _count_ready(self, deployment: Deployment | None) -> int:
        if deployment is None:
            return 0
        return sum(1 for pod in self._store.owned(Pod, deployment) if is_pod_ready(pod))

    def _apply(self, deployment: Deployment | None, outcome: ScaleStep) -> None:
        if deployment is not None and outcome.apply_replicas is not None:
            spec = deployment.spec.replaced(replicas=outcome.apply_replicas)
            self._store.update(deployment.replaced(spec=spec))

    def _keep_metric(self, pa: PodAutoscaler, sks: ServerlessService, spec: DeciderSpec) -> None:
        target = (sks.status.private_service_name or "") if spec.scrapes_pods else ""
        name, namespace = pa.metadata.name, pa.metadata.namespace
        entry = self._store.entry(Metric, name, namespace)
        version = 0 if entry is None else entry.resource_version
        if self._metrics.get(Key(namespace, name)) == (version, spec, target):
            return
        made = make_metric(pa, spec, target)
        if entry is None:
            kept = self._store.create(made)
        else:
            current = self._store.view(Metric, entry)
            kept = self._store.update(current.replaced(spec=made.spec))
        kept_version = int(kept.metadata.resource_version)
        self._metrics[Key(namespace, name)] = (kept_version, spec, target)

    def _keep_service(
        self, pa: PodAutoscaler, sks: ServerlessService, mode: ServiceMode, activators: int
    ) -> ServerlessService:
        spec = sks.spec.replaced(
            mode=mode.value,
            num_activators=activators,
            object_ref=pa.spec.scale_target_ref,
            protocol_type=pa.spec.protocol_type,
        )
        if spec == sks.spec:
            return sks
        return self._store.update(sks.replaced(spec=spec))


def _replicas(deployment: Deployment | None) -> int:
    if deployment is None or deployment.spec.replicas is None:
        return 1
    return deployment.spec.replicas
