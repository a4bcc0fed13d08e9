"""When kfsim's own image runs in place of a runtime's."""

import pytest

from kfsim.api.core import Container, EnvVar
from kfsim.backends.docker.standins import SKLEARN_IMAGE, StandIn, find_stand_in

MLSERVER = (EnvVar(name="MLSERVER_MODEL_IMPLEMENTATION", value="mlserver_sklearn.SKLearnModel"),)


def container(image: str, *args: str, **fields: object) -> Container:
    return Container(name="c", image=image).replaced(args=args, **fields)


@pytest.mark.parametrize(
    ("given", "args"),
    [
        (
            container("kserve/sklearnserver:v0.20.0", "--model_name=m", "--model_dir=/mnt/models"),
            ("--model_name=m", "--model_dir=/mnt/models", "--http_port=8080"),
        ),
        (
            container("r:5000/sklearnserver", "--http_port", "9000", "--model_dir=/m"),
            ("--model_dir=/m", "--http_port=9000"),
        ),
        (
            container("seldonio/mlserver:1.5", env=MLSERVER),
            ("--model_name=model", "--model_dir=/mnt/models", "--http_port=8080"),
        ),
    ],
)
def test_known_servers_have_a_stand_in(given: Container, args: tuple[str, ...]) -> None:
    assert find_stand_in(given, lambda image: image == SKLEARN_IMAGE) == StandIn(
        SKLEARN_IMAGE, args
    )


@pytest.mark.parametrize(
    ("given", "present"),
    [
        (container("kserve/sklearnserver"), False),
        (container("kserve/sklearnserver", image_pull_policy="Always"), True),
        (container("kserve/xgbserver"), True),
        (container("mine/model"), True),
    ],
)
def test_others_have_none(given: Container, present: bool) -> None:
    assert find_stand_in(given, lambda _: present) is None
