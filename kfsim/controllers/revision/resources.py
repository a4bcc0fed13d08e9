"""A Revision's children (knative pkg/reconciler/revision/resources)."""

import zlib
from collections.abc import Mapping
from typing import Any

from kfsim.api.apps import Deployment, DeploymentSpec, PodTemplateSpec
from kfsim.api.conditions import is_false
from kfsim.api.core import Container, ObjectReference, PodSpec
from kfsim.api.knative import keys
from kfsim.api.knative.internal import PodAutoscaler, PodAutoscalerSpec
from kfsim.api.knative.serving import Image, Revision
from kfsim.api.meta import LabelSelector, ObjectMeta, owner_reference
from kfsim.api.names import child_name
from kfsim.base.quantities import parse_duration
from kfsim.controllers.revision.config import RevisionConfig
from kfsim.controllers.revision.containers import make_containers
from kfsim.replicas.choice import BackendChoice
from kfsim.replicas.marks import BACKEND_ANNOTATION, REASON_ANNOTATION
from kfsim.traffic import protocol_of

RESOURCES_AVAILABLE = "ResourcesAvailable"
CONTAINER_HEALTHY = "ContainerHealthy"
REACHABLE, UNREACHABLE, UNKNOWN_REACHABILITY = "Reachable", "Unreachable", ""

_NOT_FOR_CHILDREN = frozenset(
    {keys.LAST_PINNED, keys.NO_GC, keys.ROUTING_STATE_MODIFIED, keys.ROUTES}
)
_LABELS_NOT_FOR_CHILDREN = frozenset({keys.ROUTE, keys.ROUTING_STATE})
_SHAPE = 1  # raised when make_deployment makes something else of the same inputs
_POD_FIELDS = tuple(PodSpec.model_fields)


def deployment_name(revision: Revision) -> str:
    return child_name(revision.metadata.name, "-deployment")


def image_name(revision: Revision, container: str) -> str:
    return child_name(child_name(revision.metadata.name, "-cache"), f"-{container}")


def make_deployment(
    revision: Revision, config: RevisionConfig, *, choice: BackendChoice | None = None
) -> Deployment:
    """The Deployment at its initial scale, with the hash of what it is made from as a label, and
    with the `choice` of a backend where one was made."""
    labels = _labels(revision)
    annotations = revision.metadata.annotations
    chosen = {} if choice is None else {BACKEND_ANNOTATION: choice.name}
    reason = {} if choice is None else {REASON_ANNOTATION: choice.reason}
    return Deployment(
        metadata=ObjectMeta(
            name=deployment_name(revision),
            namespace=revision.metadata.namespace,
            labels={**labels, keys.DEPLOYMENT_HASH: deployment_hash(revision, config)},
            annotations={**_annotations(revision, autoscaling=False), **chosen, **reason},
            owner_references=(owner_reference(revision),),
        ),
        spec=DeploymentSpec(
            replicas=_initial_scale(annotations, config.initial_scale),
            selector=LabelSelector(match_labels={keys.REVISION_UID: revision.metadata.uid}),
            progress_deadline_seconds=_progress_deadline(annotations, config.progress_deadline),
            revision_history_limit=0,
            strategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
            template=PodTemplateSpec(
                metadata=ObjectMeta(
                    labels=labels, annotations={**_pod_annotations(revision), **chosen}
                ),
                spec=_pod_spec(revision, config),
            ),
        ),
    )


def deployment_hash(revision: Revision, config: RevisionConfig) -> str:
    """Changes with whatever makes another Deployment. The Revision's spec is immutable, so that
    leaves its labels and annotations, and the configuration."""
    inputs = (
        _SHAPE,
        sorted(_labels(revision).items()),
        sorted(_annotations(revision, autoscaling=False).items()),
        _initial_scale(revision.metadata.annotations, config.initial_scale),
        config.progress_deadline,
        config.queue_sidecar_image,
    )
    return f"{zlib.crc32(repr(inputs).encode()):08x}"


def updated_deployment(found: Deployment, wanted: Deployment) -> Deployment:
    """The found Deployment brought up to date. Its scale and selector stay, and so do labels and
    annotations that Knative does not manage: `kubectl rollout restart` writes one, and a choice of
    a backend stays unless another is asked for."""
    template = wanted.spec.template.replaced(
        metadata=_merged(wanted.spec.template.metadata, found.spec.template.metadata)
    )
    return found.replaced(
        metadata=found.metadata.replaced(
            labels=_merge(wanted.metadata.labels, found.metadata.labels),
            annotations=_merge(wanted.metadata.annotations, found.metadata.annotations),
        ),
        spec=wanted.spec.replaced(
            replicas=found.spec.replicas, selector=found.spec.selector, template=template
        ),
    )


def make_pod_autoscaler(
    revision: Revision, deployment: Deployment | None, config: RevisionConfig
) -> PodAutoscaler:
    """The PodAutoscaler, with the annotations that say how to scale."""
    annotations = _annotations(revision, autoscaling=True)
    annotations.setdefault(keys.AUTOSCALING_CLASS, config.pod_autoscaler_class)
    return PodAutoscaler(
        metadata=ObjectMeta(
            name=revision.metadata.name,
            namespace=revision.metadata.namespace,
            labels=_labels(revision),
            annotations=annotations,
            owner_references=(owner_reference(revision),),
        ),
        spec=PodAutoscalerSpec(
            scale_target_ref=ObjectReference(
                api_version=Deployment.API_VERSION,
                kind=Deployment.KIND,
                name=deployment_name(revision),
            ),
            container_concurrency=revision.spec.container_concurrency or 0,
            protocol_type=protocol_of(revision).value,
            reachability=reachability(revision, deployment) or None,
        ),
    )


def reachability(revision: Revision, deployment: Deployment | None) -> str:
    """Whether requests can come: a revision in reserve gets none, and one whose Pods all fail is
    treated alike, so that it is not kept at its minimal scale for ever."""
    conditions = revision.status.conditions
    failing = is_false(conditions, RESOURCES_AVAILABLE) or is_false(conditions, CONTAINER_HEALTHY)
    if failing and deployment is not None:
        wanted, ready = deployment.spec.replicas or 0, deployment.status.ready_replicas or 0
        if wanted > 0 and ready == 0:
            return UNREACHABLE
    state = revision.metadata.labels.get(keys.ROUTING_STATE)
    if state == keys.ROUTING_STATE_ACTIVE:
        return REACHABLE
    return UNREACHABLE if state == keys.ROUTING_STATE_RESERVE else UNKNOWN_REACHABILITY


def make_image(revision: Revision, container: Container) -> Image:
    """Names one container's image as worth keeping."""
    spec: dict[str, object] = {"image": container.image or ""}
    if revision.spec.service_account_name:
        spec["serviceAccountName"] = revision.spec.service_account_name
    return Image(
        metadata=ObjectMeta(
            name=image_name(revision, container.name),
            namespace=revision.metadata.namespace,
            labels=_labels(revision),
            annotations=_annotations(revision, autoscaling=False),
            owner_references=(owner_reference(revision),),
        ),
        spec=spec,
    )


def _labels(revision: Revision) -> dict[str, str]:
    labels = {
        key: value
        for key, value in revision.metadata.labels.items()
        if key not in _LABELS_NOT_FOR_CHILDREN
    }
    labels[keys.REVISION] = revision.metadata.name
    labels[keys.REVISION_UID] = revision.metadata.uid
    labels.setdefault(keys.APP, revision.metadata.name)
    return labels


def _annotations(revision: Revision, *, autoscaling: bool) -> dict[str, str]:
    return {
        key: value
        for key, value in revision.metadata.annotations.items()
        if key not in _NOT_FOR_CHILDREN
        and (autoscaling or not key.startswith(keys.AUTOSCALING_PREFIX))
    }


def _pod_annotations(revision: Revision) -> dict[str, str]:
    annotations = _annotations(revision, autoscaling=False)
    containers = revision.spec.containers
    serving = next((each for each in containers if each.ports or len(containers) == 1), None)
    if serving is not None and serving.name:
        annotations[keys.DEFAULT_CONTAINER] = serving.name
    return annotations


def user_pod_spec(revision: Revision) -> PodSpec:
    """The PodSpec part of a Revision's spec, as the user gave it."""
    return PodSpec.model_construct(**_pod_fields(revision))


def _pod_fields(revision: Revision) -> dict[str, Any]:
    return {name: getattr(revision.spec, name) for name in _POD_FIELDS}


def _pod_spec(revision: Revision, config: RevisionConfig) -> PodSpec:
    fields = _pod_fields(revision)
    fields["containers"] = make_containers(revision, queue_image=config.queue_sidecar_image)
    fields["termination_grace_period_seconds"] = revision.spec.timeout_seconds
    return PodSpec.model_construct(**fields)


def _initial_scale(annotations: Mapping[str, str], default: int) -> int:
    text = next((annotations[key] for key in keys.INITIAL_SCALE if key in annotations), "")
    return int(text) if text.isdigit() else default


def _progress_deadline(annotations: Mapping[str, str], default: int) -> int:
    text = annotations.get(keys.PROGRESS_DEADLINE)
    try:
        return default if text is None else int(parse_duration(text))
    except ValueError:  # validation refuses it; a controller's own object may still carry it
        return default


def _merged(wanted: ObjectMeta, found: ObjectMeta) -> ObjectMeta:
    return wanted.replaced(
        labels=_merge(wanted.labels, found.labels),
        annotations=_merge(wanted.annotations, found.annotations),
    )


def _merge(wanted: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    foreign = {
        key: value for key, value in found.items() if key != keys.APP and "knative.dev/" not in key
    }
    return {**foreign, **wanted}
