"""Ends that a cluster would have brought about, and ends that it would not."""

import pytest

from kfsim.api.knative.serving import Revision
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import (
    Endpoint,
    ReplicaKey,
    RevisionKey,
    RevisionTarget,
    ServiceMode,
    ServiceName,
)
from kfsim.flow import FlowCore, Ticket
from kfsim.flow.ticket import ACTIVATOR_TIMEOUT, QUEUE_FULL, Rejection
from kfsim.simulation.faults.verdicts import judge_death, judge_missing_route, judge_refusal
from kfsim.store import Store
from kfsim.testing.clock import FakeClock

REVISION = RevisionKey("team", "r")
REMOVED = Rejection(503, "revision team/r was removed")


def make_store() -> Store:
    return Store(clock=FakeClock(), entropy=SeededEntropy(1))


def make_target(**settings: float) -> RevisionTarget:
    endpoint = Endpoint(ReplicaKey("team", "p"), "10.0.0.1", 80)
    return RevisionTarget(REVISION, ServiceMode.SERVE, (endpoint,), **settings)  # type: ignore[arg-type]


def make_ticket(refusal: Rejection | None = None) -> Ticket:
    """Arrived at 100 and granted, or refused."""
    flow = FlowCore(entropy=SeededEntropy(1))
    flow.update(make_target(), 0.0)
    ticket = flow.admit(REVISION, 100.0, lambda _: None, lambda _: None)
    ticket.rejection = refusal
    return ticket


def with_revision(store: Store) -> Store:
    store.create(Revision(metadata=ObjectMeta(namespace="team", name="r")))
    return store


def judge(refusal: Rejection, *, store: Store | None = None, **given: float) -> str | None:
    settings = {key: given[key] for key in given if key not in ("now", "unfinished")}
    return judge_refusal(
        make_ticket(refusal),
        make_target(**settings),
        store or make_store(),
        now=given.get("now", 100.0),
        unfinished=int(given.get("unfinished", 1)),
    )


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ({"now": 400.0}, True),
        ({"now": 399.0}, False),
        ({"now": 105.0, "timeout": 5.0}, True),
        ({"now": 104.0, "timeout": 5.0}, False),
        ({"now": 110.0, "timeout": 60.0, "response_start_timeout": 10.0}, True),
        ({"now": 9e9, "timeout": 0.0, "response_start_timeout": 0.0}, False),
    ],
)
def test_a_timeout_must_have_passed(given: dict[str, float], right: bool) -> None:
    assert (judge(ACTIVATOR_TIMEOUT, **given) is None) == right


def test_a_removed_revision_must_be_gone() -> None:
    assert judge(REMOVED) is None
    assert judge(REMOVED, store=with_revision(make_store())) == (
        "a request for team/r was refused with 503 revision team/r was removed, and it is there"
    )


def test_a_full_queue_must_be_full() -> None:
    assert judge(QUEUE_FULL, container_concurrency=2, unfinished=22) is None
    assert judge(QUEUE_FULL, container_concurrency=2, unfinished=21) is not None
    assert judge(QUEUE_FULL, unfinished=1000) is not None


def test_no_other_refusal_is_right() -> None:
    assert judge(Rejection(503, "revision team/r is not known")) is not None
    assert judge_refusal(make_ticket(ACTIVATOR_TIMEOUT), None, make_store(), now=9e9, unfinished=1)


def test_a_replica_takes_along_what_it_had_taken() -> None:
    granted = make_ticket()
    assert judge_death(granted, taken=True) is None
    assert judge_death(granted, taken=False) is not None
    granted.finish(101.0)
    assert judge_death(granted, taken=True) is not None


def make_service(*, ready: str) -> InferenceService:
    return InferenceService.model_validate(
        {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"namespace": "team", "name": "it"},
            "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}},
            "status": {"conditions": [{"type": "IngressReady", "status": ready}]},
        }
    )


def test_a_route_may_be_missing_until_the_service_has_one() -> None:
    name = ServiceName("team", "it")
    store = make_store()
    assert judge_missing_route(store, name) is None
    store.create(make_service(ready="False"))
    assert judge_missing_route(store, name) is None
    store.update_status(
        store.get(InferenceService, "it", "team").replaced(status=make_service(ready="True").status)
    )
    assert judge_missing_route(store, name) is not None
