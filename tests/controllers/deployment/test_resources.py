from kfsim.api.apps import Deployment, DeploymentSpec, PodTemplateSpec
from kfsim.api.core import Container, PodSpec
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.deployment.resources import HASH_LABEL, hash_template, make_pod

TEMPLATE = PodTemplateSpec(
    metadata=ObjectMeta(labels={"app": "iris"}, annotations={"note": "kept"}),
    spec=PodSpec(containers=(Container(name="c", image="one"),)),
)
DEPLOYMENT = Deployment(
    metadata=ObjectMeta(name="iris-deployment", namespace="default", uid="u"),
    spec=DeploymentSpec(template=TEMPLATE),
)


def test_equal_templates_have_equal_hashes_of_ten_safe_letters():
    assert hash_template(TEMPLATE) == hash_template(TEMPLATE.model_copy(deep=True))
    assert len(hash_template(TEMPLATE)) == 10
    assert set(hash_template(TEMPLATE)) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_another_image_is_another_hash():
    other = TEMPLATE.replaced(spec=PodSpec(containers=(Container(name="c", image="two"),)))
    assert hash_template(other) != hash_template(TEMPLATE)


def test_a_pod_is_the_template_with_name_hash_owner_and_finalizer():
    pod = make_pod(DEPLOYMENT, "abcdefghij", "xyz12", wake_up=False)
    assert pod.metadata.name == "iris-deployment-abcdefghij-xyz12"
    assert pod.metadata.labels == {"app": "iris", HASH_LABEL: "abcdefghij"}
    assert pod.metadata.annotations == {"note": "kept"}
    assert pod.metadata.owner_references[0].uid == "u"
    assert pod.metadata.finalizers == ("kfsim.dev/replica",)
    assert pod.spec.containers == TEMPLATE.spec.containers


def test_a_wake_up_is_marked():
    pod = make_pod(DEPLOYMENT, "abcdefghij", "xyz12", wake_up=True)
    assert pod.metadata.annotations["kfsim.dev/wake-up"] == "true"
