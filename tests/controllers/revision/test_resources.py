"""A Revision's children."""

import pytest

from kfsim.api.apps import Deployment, DeploymentSpec, DeploymentStatus
from kfsim.api.core import Container
from kfsim.api.knative import keys
from kfsim.api.knative.serving import Revision, RevisionSpec, RevisionStatus
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.controllers.revision.config import RevisionConfig
from kfsim.controllers.revision.resources import (
    deployment_hash,
    image_name,
    make_deployment,
    reachability,
)

CONFIG = RevisionConfig()


def _revision(state: str = "active", failing: bool = False, **annotations: str) -> Revision:
    conditions = (Condition(type="ContainerHealthy", status="False"),) if failing else ()
    return Revision(
        metadata=ObjectMeta(
            name="iris-00001",
            namespace="default",
            uid="u",
            labels={keys.ROUTING_STATE: state},
            annotations=dict(annotations),
        ),
        spec=RevisionSpec(containers=(Container(name="c", image="i"),)),
        status=RevisionStatus(conditions=conditions),
    )


@pytest.mark.parametrize(
    ("revision", "ready", "expected"),
    [
        pytest.param(_revision("active"), 0, "Reachable", id="active"),
        pytest.param(_revision("reserve"), 1, "Unreachable", id="reserve"),
        pytest.param(_revision("pending"), 0, "", id="pending"),
        pytest.param(_revision(failing=True), 0, "Unreachable", id="all-replicas-fail"),
        pytest.param(_revision(failing=True), 1, "Reachable", id="one-replica-is-ready"),
    ],
)
def test_reachability(revision: Revision, ready: int, expected: str) -> None:
    deployment = Deployment(
        spec=DeploymentSpec(replicas=1), status=DeploymentStatus(ready_replicas=ready)
    )
    assert reachability(revision, deployment) == expected


def test_the_hash_follows_what_the_deployment_is_made_of() -> None:
    plain = deployment_hash(_revision(), CONFIG)
    assert plain == deployment_hash(_revision("reserve"), CONFIG)
    assert plain != deployment_hash(_revision(note="x"), CONFIG)
    assert plain != deployment_hash(_revision(), RevisionConfig(queue_sidecar_image="other"))
    assert make_deployment(_revision(), CONFIG).metadata.labels[keys.DEPLOYMENT_HASH] == plain


def test_annotations_set_scale_and_deadline() -> None:
    revision = _revision(
        **{"autoscaling.knative.dev/initial-scale": "3", keys.PROGRESS_DEADLINE: "90s"}
    )
    spec = make_deployment(revision, CONFIG).spec
    assert (spec.replicas, spec.progress_deadline_seconds) == (3, 90)
    pod = spec.template.metadata
    assert pod.annotations[keys.DEFAULT_CONTAINER] == "c"
    assert "autoscaling.knative.dev/initial-scale" not in pod.annotations


def test_images_are_named_after_the_container() -> None:
    assert image_name(_revision(), "c") == "iris-00001-cache-c"
