"""The breaker: slots, order, capacity changes, and a naive model."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.flow.breaker import Breaker, BreakerState


def make_breaker(
    *, queue_depth: int = 2, max_concurrency: int = 1, initial_capacity: int = 1
) -> Breaker[str]:
    return Breaker(
        queue_depth=queue_depth, max_concurrency=max_concurrency, initial_capacity=initial_capacity
    )


def test_first_runs_then_queue_fills_then_rejects() -> None:
    breaker = make_breaker()
    states = [breaker.reserve(name) for name in "abcd"]
    assert states == [
        BreakerState.RUNNING,
        BreakerState.WAITING,
        BreakerState.WAITING,
        BreakerState.REJECTED,
    ]
    assert (breaker.running, breaker.waiting, breaker.in_flight) == (1, 2, 3)


def test_release_starts_the_oldest_waiter() -> None:
    breaker = make_breaker()
    for name in "abc":
        breaker.reserve(name)
    assert [breaker.release(), breaker.release(), breaker.release()] == ["b", "c", None]
    assert breaker.in_flight == 0


def test_cancelled_waiter_frees_its_slot_and_never_runs() -> None:
    breaker = make_breaker()
    for name in "abc":
        breaker.reserve(name)
    breaker.cancel("b")
    assert breaker.reserve("d") is BreakerState.WAITING
    assert breaker.release() == "c"


def test_slots_do_not_depend_on_the_capacity() -> None:
    breaker = make_breaker(queue_depth=1, max_concurrency=2, initial_capacity=0)
    states = [breaker.reserve(name) for name in "abcd"]
    assert states == [BreakerState.WAITING] * 3 + [BreakerState.REJECTED]
    assert breaker.set_capacity(2) == ["a", "b"]


def test_lowered_capacity_starts_nobody_until_fewer_run() -> None:
    breaker = make_breaker(queue_depth=5, max_concurrency=2, initial_capacity=2)
    for name in "abc":
        breaker.reserve(name)
    assert breaker.set_capacity(1) == []
    assert breaker.release() is None
    assert breaker.release() == "c"


@pytest.mark.parametrize(
    "misuse",
    [
        pytest.param(lambda: make_breaker(queue_depth=0), id="no queue"),
        pytest.param(lambda: make_breaker(max_concurrency=-1), id="negative concurrency"),
        pytest.param(lambda: make_breaker(initial_capacity=2), id="capacity above concurrency"),
        pytest.param(lambda: make_breaker().release(), id="release without a running request"),
        pytest.param(lambda: make_breaker().set_capacity(-1), id="negative capacity"),
    ],
)
def test_misuse_is_refused(misuse: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"must|without"):
        misuse()


def test_waiting_twice_is_refused() -> None:
    breaker = make_breaker()
    breaker.reserve("a")
    breaker.reserve("b")
    with pytest.raises(ValueError, match="already waits"):
        breaker.reserve("b")


@given(
    st.lists(
        st.one_of(
            st.just(("arrive", 0)),
            st.just(("finish", 0)),
            st.tuples(st.just("cancel"), st.integers(0, 5)),
            st.tuples(st.just("capacity"), st.integers(0, 4)),
        ),
        max_size=60,
    )
)
def test_agrees_with_two_lists(script: list[tuple[str, int]]) -> None:
    breaker: Breaker[int] = Breaker(queue_depth=3, max_concurrency=2, initial_capacity=1)
    running: list[int] = []
    waiting: list[int] = []
    capacity = 1
    for request, (operation, value) in enumerate(script):
        started: list[int] = []
        if operation == "arrive":
            state = breaker.reserve(request)
            if len(running) + len(waiting) == 5:
                assert state is BreakerState.REJECTED
            elif len(running) < capacity:
                assert state is BreakerState.RUNNING
                running.append(request)
            else:
                assert state is BreakerState.WAITING
                waiting.append(request)
        elif operation == "finish" and running:
            running.pop(0)
            waiter = breaker.release()
            started = [] if waiter is None else [waiter]
        elif operation == "cancel" and value < len(waiting):
            breaker.cancel(waiting.pop(value))
        elif operation == "capacity":
            capacity = value
            started = breaker.set_capacity(value)
        expected: list[int] = []
        while waiting and len(running) < capacity:
            expected.append(waiting.pop(0))
            running.append(expected[-1])
        assert started == expected
        assert (breaker.running, breaker.waiting) == (len(running), len(waiting))
        assert breaker.capacity == capacity
