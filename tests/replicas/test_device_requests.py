"""What a whole Pod asks for, and which of its devices belong to which container."""

from typing import Any

import pytest

from kfsim.api.core import Container, Pod, PodSpec, ResourceRequirements
from kfsim.replicas.device_requests import make_device_request, without_gpus

IDS = tuple("abcdefgh")


def container(name: str, gpus: int = 0, *, restart: str | None = None, **more: Any) -> Container:
    limits = {"nvidia.com/gpu": gpus, **more} if gpus else {**more}
    return Container(
        name=name, restart_policy=restart, resources=ResourceRequirements(limits=limits)
    )


def pod(*containers: Container, init: tuple[Container, ...] = ()) -> Pod:
    return Pod(spec=PodSpec(containers=containers, init_containers=init))


@pytest.mark.parametrize(
    ("given", "total", "divided"),
    [
        (pod(container("c")), 0, {}),
        (pod(container("a", 2), container("b", 1)), 3, {"a": ("a", "b"), "b": ("c",)}),
        (pod(container("c", 1), init=(container("i", 3),)), 3, {"i": ("a", "b", "c"), "c": ("a",)}),
        (
            pod(container("c", 2), init=(container("i", 1), container("j", 1))),
            2,
            {"i": ("a",), "j": ("a",), "c": ("a", "b")},
        ),
        (
            pod(
                container("c", 1),
                init=(container("s", 1, restart="Always"), container("i", 2)),
            ),
            3,
            {"s": ("a",), "i": ("b", "c"), "c": ("b",)},
        ),
    ],
    ids=["none", "sum", "init-is-more", "init-is-less", "sidecar"],
)
def test_containers_share_what_the_pod_gets(
    given: Pod, total: int, divided: dict[str, tuple[str, ...]]
) -> None:
    request = make_device_request(given)
    assert request.total == total
    assert request.divide(IDS[:total]) == divided
    assert bool(request) is bool(total)


def test_resources_that_nobody_simulates_are_named() -> None:
    more = {"foo.com/bar": 1, "amd.com/gpu": 2, "nvidia.com/mig-1g.5gb": 1, "zero.com/x": 0}
    request = make_device_request(pod(container("c", 1, **more)))
    assert request.unknown == ("amd.com/gpu", "foo.com/bar", "nvidia.com/mig-1g.5gb")
    assert request


def test_gpus_can_be_taken_out_of_a_pod() -> None:
    given = pod(container("c", 2, cpu=1), container("d", cpu=2), init=(container("i", 1),))
    bare = without_gpus(given)
    assert not make_device_request(bare)
    resources = bare.spec.containers[0].resources
    assert resources is not None
    assert resources.limits == {"cpu": 1}
    assert bare.spec.containers[1] is given.spec.containers[1]
