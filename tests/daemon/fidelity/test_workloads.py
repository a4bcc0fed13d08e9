"""What runs for an object is found by who owns it."""

import pytest

from kfsim.api.core import Container, Pod, PodSpec
from kfsim.api.knative.serving import Configuration, Service
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceServiceStatus
from kfsim.api.meta import ObjectMeta
from kfsim.daemon.fidelity.workloads import find_workloads
from kfsim.replicas.marks import BACKEND_ANNOTATION
from tests.daemon.fidelity.conftest import IMAGE, World


def test_each_component_has_its_newest_revision(world: World) -> None:
    isvc = world.service()
    world.runs(isvc, "docker")
    world.runs(isvc, "process", number=2)
    world.runs(isvc, "docker", component="transformer")
    predictor, transformer = find_workloads(world.store, isvc)
    assert (predictor.path, predictor.component) == ("spec.predictor", "predictor")
    assert (predictor.revision, predictor.backend) == ("iris-predictor-00002", "process")
    assert (predictor.images, predictor.reason) == ((IMAGE,), "it is so")
    assert (transformer.path, transformer.backend) == ("spec.transformer", "docker")


def test_nothing_runs_before_there_is_a_deployment(world: World) -> None:
    assert find_workloads(world.store, world.service()) == ()


@pytest.mark.parametrize("model", [Service, Configuration])
def test_a_knative_object_speaks_of_it_in_its_template(
    world: World, model: type[Service | Configuration]
) -> None:
    world.runs(world.service(), "process")
    (found,) = find_workloads(world.store, world.store.get(model, "iris-predictor", "default"))
    assert (found.path, found.backend) == ("spec.template.spec", "process")


def test_a_deployment_and_a_pod_are_what_runs(world: World) -> None:
    (found,) = find_workloads(world.store, world.runs(world.service(), "docker"))
    assert (found.path, found.backend) == ("spec.template.spec", "docker")
    metadata = ObjectMeta(name="p", annotations={BACKEND_ANNOTATION: "process"})
    spec = PodSpec(containers=(Container(name="c", image="a"),))
    (found,) = find_workloads(world.store, Pod(metadata=metadata, spec=spec))
    assert (found.path, found.backend, found.images) == ("spec", "process", ("a",))


@pytest.mark.parametrize(
    ("backends", "expected"),
    [
        ((), []),
        (("process",), ["process"]),
        (("process", "process"), ["process"]),
        (("process", "docker"), []),
    ],
    ids=["unused", "one", "alike", "different"],
)
def test_a_runtime_goes_by_its_users_where_they_run_alike(
    world: World, backends: tuple[str, ...], expected: list[str]
) -> None:
    status = InferenceServiceStatus(cluster_serving_runtime_name="mine")
    for index, backend in enumerate(backends):
        isvc = world.service(name=f"user-{index}")
        world.runs(world.store.update_status(isvc.replaced(status=status)), backend)
    runtime = ClusterServingRuntime(metadata=ObjectMeta(name="mine"))
    found = find_workloads(world.store, runtime)
    assert [each.backend for each in found] == expected
    assert all(each.path == "spec" for each in found)
