import pytest

from kfsim.api.apps import Deployment, DeploymentSpec, PodTemplateSpec
from kfsim.api.core import Container, PodSpec
from kfsim.api.meta import ObjectMeta, OwnerReference
from kfsim.api.replaced_controllers import replaced_controller


def deployment(*images: str, **metadata: object) -> Deployment:
    containers = tuple(Container(name=f"c{n}", image=image) for n, image in enumerate(images))
    template = PodTemplateSpec(spec=PodSpec(containers=containers))
    return Deployment(metadata=ObjectMeta(**metadata), spec=DeploymentSpec(template=template))


@pytest.mark.parametrize(
    "image",
    [
        "kserve/kserve-controller:v0.20.0",
        "docker.io/kserve/kserve-controller",
        "registry.example.com:5000/mirror/kserve/kserve-localmodel-controller:v0.20.0",
        "kserve/llmisvc-controller@sha256:abc",
        "gcr.io/kfserving/kfserving-controller:v0.5.1",
        "gcr.io/knative-releases/knative.dev/serving/cmd/activator@sha256:abc",
        "gcr.io/knative-releases/knative.dev/net-istio/cmd/webhook@sha256:abc",
    ],
)
def test_controllers_that_kfsim_replaces(image: str) -> None:
    assert replaced_controller(deployment("quay.io/brancz/kube-rbac-proxy", image)) == image


@pytest.mark.parametrize(
    "image",
    [
        "kserve/sklearnserver:v0.20.0",
        "kserve/router:v0.20.0",
        "example.com/my-kserve/kserve-controller-dashboard:1",
        "gcr.io/knative-samples/helloworld-go",
        "nginx",
        "",
    ],
)
def test_other_deployments_run(image: str) -> None:
    assert replaced_controller(deployment(image)) == ""


def test_a_revisions_deployment_runs_whatever_its_image() -> None:
    owner = OwnerReference(
        api_version="serving.knative.dev/v1", kind="Revision", name="r", uid="1", controller=True
    )
    mine = deployment("kserve/kserve-controller", owner_references=(owner,))
    assert replaced_controller(mine) == ""
