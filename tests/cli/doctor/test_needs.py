"""What documents need."""

from typing import Any

import pytest

from kfsim.cli.doctor.needs import read_needs, read_uris

GPU = {"limits": {"nvidia.com/gpu": "1", "memory": "2Gi"}, "requests": {"memory": "1Gi"}}
SKLEARN = {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://b/m"}}
OLD_STYLE = {"xgboost": {"storageUri": "pvc://c/m", "resources": GPU}, "minReplicas": 3}
IMAGE = {"containers": [{"image": "own:1", "env": [{"name": "STORAGE_URI", "value": "/m"}]}]}
COMMAND = {"containers": [{"image": "own:1", "command": ["serve"]}]}


def isvc(predictor: dict[str, Any], runtime: str = "", **spec: Any) -> dict[str, Any]:
    annotations = {"kfsim.dev/runtime": runtime} if runtime else {}
    return {
        "kind": "InferenceService",
        "metadata": {"name": "iris", "annotations": annotations},
        "spec": {"predictor": predictor} | spec,
    }


@pytest.mark.parametrize(
    ("document", "docker", "images"),
    [
        (isvc(SKLEARN), (), ()),
        (isvc(SKLEARN, "docker"), ("iris",), ()),
        (isvc(OLD_STYLE), ("iris",), ()),
        (isvc(OLD_STYLE, "process"), (), ()),
        (isvc(IMAGE), ("iris",), ("own:1",)),
        (isvc(COMMAND), (), ()),
        (isvc(SKLEARN, transformer=IMAGE), ("iris",), ("own:1",)),
        ({"kind": "ConfigMap", "metadata": {}}, (), ()),
    ],
)
def test_who_needs_an_engine(
    document: dict[str, Any], docker: tuple[str, ...], images: tuple[str, ...]
) -> None:
    needs = read_needs([document])
    assert (needs.docker, needs.images) == (docker, images)


def test_gpus_and_memory_of_all_replicas() -> None:
    needs = read_needs([isvc(OLD_STYLE), isvc(SKLEARN)])
    assert needs.gpus == ("iris",)
    assert needs.memory == 3 * 2**30


@pytest.mark.parametrize(
    ("predictor", "uris"),
    [
        (SKLEARN, ["gs://b/m"]),
        (OLD_STYLE, ["pvc://c/m"]),
        (IMAGE, ["/m"]),
        ({"storageUris": [{"uri": "/a"}, {"uri": "/b"}]}, ["/a", "/b"]),
        (COMMAND, []),
    ],
)
def test_the_models_that_are_named(predictor: dict[str, Any], uris: list[str]) -> None:
    assert list(read_uris(isvc(predictor))) == uris
