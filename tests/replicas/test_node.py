"""What fits on the one node of a strict cluster, and what is said of the rest."""

from decimal import Decimal
from typing import Any

import pytest

from kfsim.api.core import Pod
from kfsim.replicas.devices import Holder
from kfsim.replicas.node import NodeBook, make_node, matches_node, requests_of

NODE = make_node("kfsim", cores=4, memory=8 * 2**30, system="Linux", machine="x86_64")
CPU = "0/1 nodes are available: 1 Insufficient cpu."
BOTH = "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory."
UNMATCHED = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
BOTH_GIVEN = {"name": "c", "resources": {"limits": {"cpu": "2"}, "requests": {"cpu": "1"}}}
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
ONE, TWO, THREE = (Holder("ns", name, name) for name in ("one", "two", "three"))


def pod(*containers: dict[str, Any], **spec: Any) -> Pod:
    return Pod.model_validate(
        {"metadata": {"name": "p"}, "spec": {"containers": list(containers), **spec}}
    )


def asks(*, limits: bool = False, **amounts: str) -> dict[str, Any]:
    return {"name": "c", "resources": {"limits" if limits else "requests": amounts}}


def affine(*terms: dict[str, Any]) -> dict[str, Any]:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"affinity": {"nodeAffinity": required}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("made", "cpu", "memory"),
    [
        (pod(), "0", 0),
        (pod(asks(cpu="500m", memory="1Gi"), asks(cpu="1")), "1.5", 2**30),
        (pod(asks(limits=True, cpu="2")), "2", 0),
        (pod(BOTH_GIVEN), "1", 0),
        (pod(asks(cpu="1"), initContainers=[asks(cpu="3"), asks(cpu="2")]), "3", 0),
        (
            pod(
                asks(cpu="1"),
                initContainers=[{**asks(cpu="1"), "restartPolicy": "Always"}, asks(cpu="2")],
            ),
            "3",
            0,
        ),
        (
            pod(
                asks(cpu="3"),
                initContainers=[{**asks(cpu="1"), "restartPolicy": "Always"}, asks(cpu="2")],
            ),
            "4",
            0,
        ),
    ],
)  # fmt: skip
def test_what_a_pod_asks_for(made: Pod, cpu: str, memory: int) -> None:
    assert requests_of(made) == {"cpu": Decimal(cpu), "memory": memory}


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({}, True),
        ({"nodeSelector": {"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux"}}, True),
        ({"nodeSelector": {"kubernetes.io/hostname": "kfsim"}}, True),
        ({"nodeSelector": {"disk": "ssd"}}, False),
        (affine(expression("kubernetes.io/arch", "In", "arm64", "amd64")), True),
        (affine(expression("kubernetes.io/arch", "NotIn", "amd64")), False),
        (affine(expression("gpu", "NotIn", "a100")), True),
        (affine(expression("gpu", "Exists")), False),
        (affine(expression("gpu", "DoesNotExist")), True),
        (affine(expression("gpu", "Gt", "1")), False),
        (affine(expression("gpu", "Exists"), expression("kubernetes.io/os", "Exists")), True),
        (affine({}), False),
        (affine(), False),
        (
            affine({"matchFields": expression("metadata.name", "In", "kfsim")["matchExpressions"]}),
            True,
        ),
        ({"affinity": {"podAffinity": {}}}, True),
        ({"affinity": {"nodeAffinity": {PREFERRED: [{"weight": 1}]}}}, True),
    ],
)  # fmt: skip
def test_selectors_and_affinity(spec: dict[str, Any], fits: bool) -> None:
    assert matches_node(pod(**spec), NODE) is fits


@pytest.mark.parametrize(("value", "fits"), [("3", True), ("2", False), ("x", False)])
def test_numbers_are_compared_as_integers(value: str, *, fits: bool) -> None:
    node = make_node("n", cores=1, memory=1, system="Linux", machine="aarch64")
    assert node.labels["kubernetes.io/arch"] == "arm64"
    labelled = type(node)(node.name, node.cpu, node.memory, {**node.labels, "gpus": value})
    assert matches_node(pod(**affine(expression("gpus", "Gt", "2"))), labelled) is fits


def test_requests_of_others_count_until_they_are_gone() -> None:
    book = NodeBook(NODE)
    big = pod(asks(cpu="3", memory="6Gi"))
    assert book.check(ONE, big) is None
    book.take(ONE, big)
    assert book.check(ONE, big) is None
    assert book.check(TWO, big) == BOTH
    assert book.check(THREE, pod(asks(cpu="1500m"))) == CPU
    assert book.check(Holder("ns", "small", "s"), pod()) is None
    assert book.release(ONE) == (TWO, THREE)
    assert book.release(ONE) == ()
    assert book.check(TWO, big) is None
    book.take(TWO, big)
    assert book.release(TWO) == (THREE,)


def test_one_that_waits_no_more_is_told_nothing() -> None:
    book = NodeBook(NODE)
    book.take(ONE, pod(asks(cpu="4")))
    assert book.check(TWO, pod(asks(cpu="1"))) == CPU
    assert book.release(TWO) == ()
    assert book.release(ONE) == ()


def test_a_node_that_does_not_match_is_said_before_what_it_lacks() -> None:
    wanted = pod(asks(cpu="40"), nodeSelector={"disk": "ssd"})
    assert NodeBook(NODE).check(ONE, wanted) == UNMATCHED


def test_a_pod_that_asks_for_nothing_fits_an_overbooked_node() -> None:
    book = NodeBook(NODE)
    book.take(ONE, pod(asks(cpu="40")))
    assert book.check(TWO, pod()) is None
    assert book.check(TWO, pod(asks(memory="1Gi"))) is None
    assert book.check(TWO, pod(asks(cpu="1m"))) == CPU
