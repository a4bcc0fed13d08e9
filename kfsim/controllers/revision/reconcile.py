"""Keeps a Revision's Deployment, Images and PodAutoscaler, and the Revision's status."""

from collections.abc import Hashable

from kfsim.api.apps import Deployment
from kfsim.api.conditions import ConditionManager, is_true
from kfsim.api.core import Pod
from kfsim.api.knative import keys
from kfsim.api.knative.internal import PodAutoscaler
from kfsim.api.knative.serving import ContainerStatusRef, Image, Revision, RevisionStatus
from kfsim.api.meta import is_controlled_by
from kfsim.api.names import child_name
from kfsim.base.clock import Clock, format_timestamp
from kfsim.controllers.revision import status
from kfsim.controllers.revision.config import RevisionConfig, revision_config
from kfsim.controllers.revision.resources import (
    CONTAINER_HEALTHY,
    deployment_hash,
    deployment_name,
    image_name,
    make_deployment,
    make_image,
    make_pod_autoscaler,
    updated_deployment,
    user_pod_spec,
)
from kfsim.controllers.runtime import ClusterConfig, Key, Recorder, Result, Settled, version_of
from kfsim.replicas.choice import BackendChooser
from kfsim.replicas.marks import BACKEND_ANNOTATION
from kfsim.store import Store

# Seconds until a chooser that did not know yet is asked again.
_ASK_AGAIN = 0.02
_DEFAULTED = frozenset({keys.AUTOSCALING_CLASS, keys.AUTOSCALING_METRIC})


class RevisionReconciler:
    """One Revision at a time."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        recorder: Recorder,
        config: ClusterConfig,
        chooser: BackendChooser | None = None,
    ) -> None:
        """`chooser` decides between backends where there are several."""
        self._store = store
        self._clock = clock
        self._recorder = recorder
        self._cluster_config = config
        self._chooser = chooser
        self._settled = Settled()

    def reconcile(self, key: Key) -> Result:
        if self._settled.is_settled(key, self._inputs(key)):
            return Result()
        revision = self._store.find(Revision, key.name, key.namespace)
        if revision is None or revision.metadata.deletion_timestamp is not None:
            self._settled.forget(key)
            return Result()
        wall = format_timestamp(self._clock.wall())
        old = revision.status
        conditions = status.CONDITIONS.manager(old.conditions, wall=wall)
        generation = revision.metadata.generation
        conditions.observe_generation(generation=generation, observed=old.observed_generation)
        reported = self._reconcile_children(revision, conditions)
        reported = reported.replaced(observed_generation=generation, conditions=conditions.result())
        self._store.update_status(revision.replaced(status=reported))
        if is_true(reported.conditions) and not is_true(old.conditions):
            self._recorder.normal(
                revision,
                "RevisionReady",
                "Revision becomes ready upon all resources being ready",
            )
        if self._is_explained(revision):
            self._settled.settle(key, self._inputs(key))
        waits = self._store.entry(Deployment, deployment_name(revision), key.namespace) is None
        return Result(requeue_after=_ASK_AGAIN if waits else None)

    def _is_explained(self, revision: Revision) -> bool:
        """Whether Deployment and PodAutoscaler say all; without a ready replica Pods do as well."""
        deployment = self._store.find(
            Deployment, deployment_name(revision), revision.metadata.namespace
        )
        return deployment is not None and (
            not deployment.spec.replicas or bool(deployment.status.available_replicas)
        )

    def _inputs(self, key: Key) -> tuple[Hashable, ...]:
        return (
            version_of(self._store, Revision, key.name, key.namespace),
            version_of(self._store, Deployment, child_name(key.name, "-deployment"), key.namespace),
            version_of(self._store, PodAutoscaler, key.name, key.namespace),
            revision_config(self._cluster_config),
        )

    def _reconcile_children(
        self, revision: Revision, conditions: ConditionManager
    ) -> RevisionStatus:
        config = revision_config(self._cluster_config)
        reported = _with_containers(revision)
        deployment = self._deployment(revision, conditions, config)
        if deployment is None:
            return reported
        self._images(revision)
        autoscaler = self._pod_autoscaler(revision, deployment, conditions, config)
        if autoscaler is None:
            return reported
        actual, desired = autoscaler.status.actual_scale, autoscaler.status.desired_scale
        return reported.replaced(
            actual_replicas=actual if actual is not None and actual >= 0 else None,
            desired_replicas=desired if desired is not None and desired >= 0 else None,
        )

    def _deployment(
        self, revision: Revision, conditions: ConditionManager, config: RevisionConfig
    ) -> Deployment | None:
        name = deployment_name(revision)
        found = self._store.find(Deployment, name, revision.metadata.namespace)
        if found is None:
            status.mark_deploying(conditions)
            choice = None
            if self._chooser is not None:
                choice = self._chooser.choose(
                    user_pod_spec(revision), revision.metadata.annotations
                )
                if choice is None:
                    return None
            return self._store.create(make_deployment(revision, config, choice=choice))
        if not is_controlled_by(found, revision):
            status.mark_not_owned(conditions, Deployment.KIND, name)
            return None
        found = self._kept_current(revision, found, config)
        status.propagate_deployment(conditions, found.status)
        if (found.spec.replicas or 0) > 0 and not found.status.available_replicas:
            pods = self._store.owned(Pod, found)
            if pods:
                status.propagate_pod(conditions, pods[0], found)
        if found.status.ready_replicas:
            conditions.mark_true(CONTAINER_HEALTHY)
        return found

    def _kept_current(
        self, revision: Revision, found: Deployment, config: RevisionConfig
    ) -> Deployment:
        asked = None
        if self._chooser is not None:
            asked = self._chooser.asked(revision.metadata.annotations)
        recorded = found.metadata.annotations.get(BACKEND_ANNOTATION)
        is_current = found.metadata.labels.get(keys.DEPLOYMENT_HASH) == deployment_hash(
            revision, config
        )
        if is_current and (asked is None or asked.name == recorded):
            return found
        wanted = make_deployment(revision, config, choice=asked)
        return self._store.update(updated_deployment(found, wanted))

    def _images(self, revision: Revision) -> None:
        namespace = revision.metadata.namespace
        for container in (*revision.spec.containers, *revision.spec.init_containers):
            name = image_name(revision, container.name)
            if self._store.entry(Image, name, namespace) is None:
                self._store.create(make_image(revision, container))

    def _pod_autoscaler(
        self,
        revision: Revision,
        deployment: Deployment,
        conditions: ConditionManager,
        config: RevisionConfig,
    ) -> PodAutoscaler | None:
        name = revision.metadata.name
        judged = revision.replaced(status=revision.status.replaced(conditions=conditions.result()))
        found = self._store.find(PodAutoscaler, name, revision.metadata.namespace)
        if found is None:
            found = self._store.create(make_pod_autoscaler(judged, deployment, config))
        elif not is_controlled_by(found, revision):
            status.mark_not_owned(conditions, PodAutoscaler.KIND, name)
            return None
        status.propagate_pod_autoscaler(conditions, found.status)
        judged = revision.replaced(status=revision.status.replaced(conditions=conditions.result()))
        wanted = make_pod_autoscaler(judged, deployment, config)
        annotations = _synced(found.metadata.annotations, wanted.metadata.annotations)
        if found.spec == wanted.spec and annotations == found.metadata.annotations:
            return found
        metadata = found.metadata.replaced(annotations=annotations)
        return self._store.update(found.replaced(metadata=metadata, spec=wanted.spec))


def _with_containers(revision: Revision) -> RevisionStatus:
    """The containers by name; images are not resolved to digests."""
    found = revision.status
    names = [container.name for container in revision.spec.containers]
    inits = [container.name for container in revision.spec.init_containers]
    if [each.name for each in found.container_statuses] == names and [
        each.name for each in found.init_container_statuses
    ] == inits:
        return found
    return found.replaced(
        container_statuses=tuple(ContainerStatusRef(name=name) for name in names),
        init_container_statuses=tuple(ContainerStatusRef(name=name) for name in inits),
    )


def _synced(found: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    """The Revision decides about autoscaling annotations; defaulted ones and others stay."""
    kept = {
        key: value
        for key, value in found.items()
        if not key.startswith(keys.AUTOSCALING_PREFIX) or key in _DEFAULTED
    }
    return {**kept, **wanted}
