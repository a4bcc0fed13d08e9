import pytest

from kfsim.base.types import Endpoint, ReplicaKey, RevisionKey, RevisionTarget, ServiceMode
from kfsim.testing.playbook import (
    Arrive,
    At,
    Cancel,
    Collect,
    Drain,
    Finish,
    FirstByte,
    Granted,
    Held,
    Idle,
    Playbook,
    Poked,
    Rejected,
    Remove,
    Reported,
    Update,
)

REVISION = RevisionKey("default", "iris-00001")


def make_target(*pods: str, timeout: float = 300.0) -> RevisionTarget:
    endpoints = tuple(Endpoint(ReplicaKey("default", pod), "10.0.0.1", 8080) for pod in pods)
    return RevisionTarget(
        REVISION, ServiceMode.PROXY, endpoints, container_concurrency=1, timeout=timeout
    )


def test_requests_are_held_at_zero_and_granted_in_order() -> None:
    Playbook(make_target()).play(
        Arrive("a"),
        Poked("iris-00001"),
        Held("a"),
        Arrive("b"),
        Held("b"),
        At(2),
        Update(make_target("pod-1")),
        Granted("a", "pod-1"),
        FirstByte("a"),
        Finish("a"),
        Granted("b", "pod-1"),
        Drain("pod-1"),
        Finish("b"),
        Idle("pod-1"),
    )


def test_deadlines_fall_due_on_the_way_each_at_its_moment() -> None:
    playbook = Playbook(make_target(timeout=10)).play(
        Arrive("a"),
        Poked("iris-00001"),
        Held("a"),
        At(4),
        Arrive("b"),
        Held("b"),
        At(100),
        Rejected("a", 504),
        Rejected("b", 504),
    )
    assert playbook.now == 100


def test_reports_cancellations_and_removals_are_played() -> None:
    Playbook(make_target("pod-1")).play(
        Arrive("a"),
        Poked("iris-00001"),
        Granted("a", "pod-1"),
        Arrive("b"),
        Held("b"),
        Arrive("c"),
        Held("c"),
        At(1),
        Collect(),
        Reported("activator", concurrency=2, requests=2),
        Reported("pod-1", 1, 1, proxied_concurrency=1, proxied_requests=1),
        Cancel("b"),
        Remove(REVISION),
        Rejected("c", 503),
        Arrive("d"),
        Rejected("d", 503),
    )


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ((Arrive("a"), Held("a")), "  -   Held(request='a')\n  +   Poked(revision='iris-00001')"),
        ((Arrive("a"), Poked("iris-00001"), Held("a"), At(1), Held("b")), "  >>  At(moment=1)"),
    ],
)
def test_a_core_that_leaves_the_script_is_shown_where(script: tuple, text: str) -> None:
    with pytest.raises(AssertionError) as caught:
        Playbook(make_target()).play(*script)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "script",
    [(Held("a"),), (At(2), At(1)), (Arrive("a", RevisionKey("x", "y")), Rejected("a", 503)) * 2],
)
def test_scripts_that_make_no_sense_are_refused(script: tuple) -> None:
    with pytest.raises(ValueError, match="script"):
        Playbook(make_target()).play(*script)
