"""What a storage-initializer asks for."""

from collections.abc import Sequence

import pytest

from kfsim.api.core import Container, PodSpec, VolumeMount
from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.requests import (
    ModelPlace,
    VolumeModels,
    plan_models,
    writable_volumes,
)
from kfsim.controllers.inferenceservice.storage import ModelSource, mount_models


def make_pod(*sources: ModelSource, read_only: bool = True) -> PodSpec:
    """A Pod as the InferenceService controller makes it."""
    bare = PodSpec(containers=(Container(name="kserve-container", image="x"),))
    return mount_models(bare, sources, container="kserve-container", read_only=read_only)


def initializer(*args: str, mounts: Sequence[tuple[str, str]]) -> Container:
    return Container(
        name="storage-initializer",
        args=args,
        volume_mounts=tuple(VolumeMount(name=name, mount_path=path) for name, path in mounts),
    )


VOLUME = "kserve-provision-location"


@pytest.mark.parametrize(
    ("sources", "places"),
    [
        pytest.param(
            [ModelSource("https://h/m.tgz")], [ModelPlace("https://h/m.tgz")], id="one model"
        ),
        pytest.param(
            [
                ModelSource("/a", "/mnt/models/base"),
                ModelSource("/b", "/mnt/models/adapters/one"),
            ],
            [ModelPlace("/a", "base"), ModelPlace("/b", "adapters/one")],
            id="several models",
        ),
        pytest.param(
            [ModelSource("/a"), ModelSource("/b", "/mnt/models/below")],
            [ModelPlace("/a"), ModelPlace("/b", "below")],
            id="one inside of the other",
        ),
        pytest.param(
            [ModelSource("/a"), ModelSource("/b")],
            [ModelPlace("/a"), ModelPlace("/b")],
            id="two in one place",
        ),
    ],
)
def test_each_pair_of_arguments_gets_its_place(
    sources: Sequence[ModelSource], places: Sequence[ModelPlace]
) -> None:
    spec = make_pod(*sources)
    assert plan_models(spec, spec.init_containers[0]) == (
        VolumeModels(VOLUME, tuple(places), writable=False),
    )


def test_the_readonly_annotation_reaches_the_request() -> None:
    spec = make_pod(ModelSource("/a"), read_only=False)
    (wanted,) = plan_models(spec, spec.init_containers[0])
    assert wanted.writable


def test_one_writing_container_is_enough() -> None:
    spec = make_pod(ModelSource("/a"))
    mount = VolumeMount(name=VOLUME, mount_path="/models")
    sidecar = Container(name="sidecar", image="x", volume_mounts=(mount,))
    assert writable_volumes(spec) == frozenset()
    shared = spec.replaced(containers=(*spec.containers, sidecar))
    assert writable_volumes(shared) == {VOLUME}


def test_the_innermost_mount_gets_the_model() -> None:
    container = initializer(
        *("/a", "/mnt/models/inner/x", "/b", "/mnt/models-too/"),
        mounts=[
            ("outer", "/mnt/models"),
            ("inner", "/mnt/models/inner"),
            ("too", "/mnt/models-too"),
        ],
    )
    assert plan_models(PodSpec(containers=()), container) == (
        VolumeModels("inner", (ModelPlace("/a", "x"),), writable=False),
        VolumeModels("too", (ModelPlace("/b"),), writable=False),
    )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "it has 0"),
        (("/a", "/mnt/models", "/b"), "it has 3"),
        (
            ("/a", "/elsewhere"),
            "to fill /elsewhere, where it mounts no volume; it mounts /mnt/models",
        ),
        (("/a", "/mnt/models-not"), "mounts no volume"),
    ],
)
def test_a_request_that_leads_nowhere_is_a_failure(args: tuple[str, ...], words: str) -> None:
    container = initializer(*args, mounts=[("v", "/mnt/models")])
    with pytest.raises(StorageFailure, match=words):
        plan_models(PodSpec(containers=()), container)
