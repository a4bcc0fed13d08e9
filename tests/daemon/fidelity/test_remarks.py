"""Events, backends and substitutions become remarks about fields."""

import asyncio

import pytest

from kfsim.api.core import Container, ResourceRequirements
from kfsim.api.fidelity.effects import Effect
from kfsim.api.fidelity.report import Remark
from kfsim.api.kserve.types import InferenceService
from kfsim.api.substitution import Substitution
from kfsim.backends.docker.creation import HostSize
from kfsim.backends.docker.limits import make_limits
from kfsim.daemon.fidelity.remarks import find_remarks, read_notes
from kfsim.daemon.fidelity.reporting import written_document
from kfsim.daemon.fidelity.workloads import find_workloads
from kfsim.testing.clock import FakeClock
from tests.daemon.fidelity.conftest import IMAGE, World

POD = "iris-predictor-00001-deployment-0123456789-abcde"


def remarks(world: World, *substitutions: Substitution) -> list[Remark]:
    isvc = world.store.get(InferenceService, "iris", "default")
    workloads = find_workloads(world.store, isvc)
    notes, written = asyncio.run(read_notes(world.store, FakeClock())), written_document(isvc)
    return list(find_remarks(isvc, workloads, notes, written=written, substitutions=substitutions))


def test_a_process_stands_in_for_the_image(world: World) -> None:
    world.runs(world.service(), "process")
    assert remarks(world) == [
        Remark(
            "spec.predictor",
            "image",
            Effect.SUBSTITUTED,
            "it is so",
            asked=IMAGE,
            given="a process of this host",
        )
    ]


@pytest.mark.parametrize(
    ("kind", "name", "prefix"),
    [("Pod", POD, "spec.predictor"), ("InferenceService", "iris", "spec")],
)
def test_events_are_about_what_they_name(world: World, kind: str, name: str, prefix: str) -> None:
    world.runs(world.service(), "docker")
    world.event(kind, name, "LimitClamped", "limited to 2")
    world.event(kind, name, "Pulled", "not LimitClamped")
    world.event(kind, "iris-other-deployment-0123456789-abcde", "LimitClamped", "another's")
    assert remarks(world) == [
        Remark(prefix, "resources.limits", Effect.SUBSTITUTED, "limited to 2")
    ]


def test_a_clamped_limit_is_about_that_limit_alone(world: World) -> None:
    world.runs(world.service(), "docker")
    resources = ResourceRequirements(limits={"cpu": "64", "memory": "1Gi"})
    made = make_limits(Container(name="c", resources=resources), HostSize(cpus=2, memory=2**34))
    (told,) = made.remarks
    world.event("Pod", POD, told.reason, told.message)
    assert remarks(world) == [
        Remark(
            "spec.predictor",
            "resources.limits.cpu",
            Effect.SUBSTITUTED,
            told.message,
            asked="64",
            given="2",
        )
    ]


@pytest.mark.parametrize("block", ["model", "sklearn"])
def test_substitutions_name_the_field_that_was_written(world: World, block: str) -> None:
    world.service({"spec": {"predictor": {block: {"storageUri": "s3://a"}}}})
    given = Substitution("spec.predictor.model.storageUri", "s3://a", "file:///a", "kfsim.yaml")
    assert remarks(world, given) == [
        Remark(
            f"spec.predictor.{block}.storageUri",
            "",
            Effect.SUBSTITUTED,
            "kfsim.yaml",
            asked="s3://a",
            given="file:///a",
        )
    ]
