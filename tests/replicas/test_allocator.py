"""Who gets which GPU: choice, order, sharing, and what can never go wrong."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.replicas.allocator import DeviceAllocator, Granted, Insufficient
from kfsim.replicas.device_requests import DeviceRequest, Share
from kfsim.replicas.devices import Holder, make_fake_devices


def who(name: str) -> Holder:
    return Holder("default", name, f"uid-{name}")


def want(count: int, *unknown: str) -> DeviceRequest:
    shares = (Share("c", 0, count),) if count else ()
    return DeviceRequest(count, shares, unknown)


def make(count: int, *, places: int = 1) -> DeviceAllocator:
    allocator = DeviceAllocator(replicas_per_device=places)
    allocator.update(make_fake_devices(count))
    return allocator


def ids(allocator: DeviceAllocator, name: str) -> list[int]:
    """The indexes of the devices of a Pod."""
    return [int(each.rpartition("-")[2]) for each in allocator.held(who(name)).get("c", ())]


def take(allocator: DeviceAllocator, name: str, count: int) -> list[int]:
    """Offer, and what the Pod holds after it."""
    allocator.offer(who(name), want(count))
    return ids(allocator, name)


def test_devices_are_given_by_index_and_to_one_pod_each() -> None:
    allocator = make(3)
    assert take(allocator, "a", 2) == [0, 1]
    assert take(allocator, "b", 1) == [2]
    assert take(allocator, "c", 1) == []
    assert allocator.waiting == (who("c"),)


def test_a_pod_gets_all_or_nothing() -> None:
    allocator = make(2)
    take(allocator, "a", 1)
    assert take(allocator, "b", 2) == []
    assert allocator.release(who("a")) == (who("b"),)
    assert ids(allocator, "b") == [0, 1]


def test_asking_again_changes_nothing() -> None:
    allocator = make(2)
    assert take(allocator, "a", 1) == take(allocator, "a", 1) == [0]
    take(allocator, "b", 2)
    take(allocator, "c", 2)
    take(allocator, "b", 2)
    assert allocator.waiting == (who("b"), who("c"))


def test_shared_devices_fill_evenly() -> None:
    allocator = make(2, places=2)
    assert [take(allocator, name, 1) for name in "abcd"] == [[0], [1], [0], [1]]
    assert take(allocator, "e", 1) == []


def test_one_pods_devices_are_different_ones_even_when_shared() -> None:
    allocator = make(2, places=4)
    assert take(allocator, "a", 2) == [0, 1]
    decision = allocator.offer(who("b"), want(3))
    assert decision == Insufficient(("nvidia.com/gpu",), fitting=False)


def test_a_large_request_is_not_starved_by_small_ones() -> None:
    allocator = make(2)
    take(allocator, "a", 1)
    take(allocator, "b", 1)
    assert take(allocator, "large", 2) == []
    assert take(allocator, "small", 1) == []
    assert allocator.release(who("a")) == ()
    assert allocator.release(who("b")) == (who("large"),)
    assert allocator.release(who("large")) == (who("small"),)


def test_a_free_device_is_kept_for_whoever_waits_first() -> None:
    allocator = make(2)
    take(allocator, "a", 1)
    take(allocator, "large", 2)
    decision = allocator.offer(who("small"), want(1))
    assert decision == Insufficient(("nvidia.com/gpu",), fitting=True)


def test_a_shared_place_that_nobody_waits_for_is_given_away() -> None:
    allocator = make(2, places=3)
    allocator.claim(who("a"), {"c": ("fake-gpu-1",)})
    allocator.claim(who("b"), {"c": ("fake-gpu-1",)})
    allocator.claim(who("c"), {"c": ("fake-gpu-1",)})
    assert take(allocator, "large", 2) == []
    assert take(allocator, "small", 1) == [0]
    assert take(allocator, "other", 1) == [0]
    assert take(allocator, "third", 1) == []  # the last place of device 0 is the large one's
    assert allocator.release(who("a")) == (who("large"),)


def test_who_can_never_be_served_delays_nobody() -> None:
    allocator = make(2)
    never = allocator.offer(who("huge"), want(3))
    odd = allocator.offer(who("odd"), want(1, "amd.com/gpu"))
    assert isinstance(never, Insufficient)
    assert not never.fitting
    assert isinstance(odd, Insufficient)
    assert not odd.fitting
    assert take(allocator, "a", 2) == [0, 1]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (want(1), "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."),
        (want(0, "amd.com/gpu"), "0/1 nodes are available: 1 Insufficient amd.com/gpu."),
        (
            want(1, "amd.com/gpu"),
            "0/1 nodes are available: 1 Insufficient amd.com/gpu, 1 Insufficient nvidia.com/gpu.",
        ),
    ],
    ids=["gpu", "other", "both"],
)
def test_the_message_is_the_schedulers(request_: DeviceRequest, message: str) -> None:
    decision = make(0).offer(who("a"), request_)
    assert isinstance(decision, Insufficient)
    assert decision.message == message


def test_what_is_there_is_not_said_to_be_insufficient() -> None:
    decision = make(1).offer(who("a"), want(1, "amd.com/gpu"))
    assert decision == Insufficient(("amd.com/gpu",), fitting=False)


def test_releasing_twice_or_a_stranger_changes_nothing() -> None:
    allocator = make(1)
    take(allocator, "a", 1)
    take(allocator, "b", 1)
    assert allocator.release(who("stranger")) == ()
    assert allocator.release(who("a")) == (who("b"),)
    assert allocator.release(who("a")) == ()
    assert ids(allocator, "b") == [0]


def test_a_pod_of_the_same_name_is_another_one() -> None:
    allocator = make(1)
    take(allocator, "a", 1)
    later = who("a")._replace(uid="later")
    assert isinstance(allocator.offer(later, want(1)), Insufficient)
    assert allocator.release(who("a")) == (later,)


def test_who_gives_up_waiting_lets_the_next_one_pass() -> None:
    allocator = make(2)
    take(allocator, "a", 1)
    take(allocator, "large", 2)
    take(allocator, "small", 1)
    assert allocator.release(who("large")) == (who("small"),)


def test_claimed_devices_are_taken_before_the_inventory_is_known() -> None:
    allocator = DeviceAllocator()
    allocator.claim(who("old"), {"c": ("fake-gpu-0",)})
    take(allocator, "new", 1)
    assert allocator.update(make_fake_devices(2)) == (who("new"),)
    assert ids(allocator, "new") == [1]


def test_a_device_that_is_gone_is_given_to_nobody() -> None:
    allocator = make(2)
    take(allocator, "a", 1)
    allocator.update(make_fake_devices(2)[1:])
    assert ids(allocator, "a") == [0]
    assert allocator.release(who("a")) == ()
    assert take(allocator, "b", 1) == [1]
    assert take(allocator, "c", 1) == []


def test_a_device_is_said_to_be_used_by_the_last_container_that_has_it() -> None:
    allocator = make(2)
    request = DeviceRequest(2, (Share("init", 0, 2), Share("app", 0, 1)))
    assert isinstance(allocator.offer(who("a"), request), Granted)
    used = {each.device: each.container for each in allocator.holdings()}
    assert used == {"fake-gpu-0": "app", "fake-gpu-1": "init"}


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.integers(0, 9), st.integers(1, 5)),
        st.tuples(st.just("release"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("devices"), st.integers(0, 4), st.just(0)),
    ),
    max_size=40,
)


@given(_steps, st.integers(1, 3))
def test_nothing_is_given_twice_and_nobody_is_lost(
    steps: list[tuple[str, int, int]], places: int
) -> None:
    allocator = make(4, places=places)
    asked: dict[Holder, int] = {}
    for step, number, count in steps:
        holder = who(str(number))
        if step == "offer":
            asked.setdefault(holder, count)
            allocator.offer(holder, want(asked[holder]))
        elif step == "release":
            asked.pop(holder, None)
            allocator.release(holder)
        else:
            allocator.update(make_fake_devices(number))
        held = {each: allocator.held(each).get("c", ()) for each in asked}
        per_device = Counter(device for devices in held.values() for device in devices)
        assert max(per_device.values(), default=0) <= places
        for each, devices in held.items():
            waits = each in allocator.waiting
            assert len(devices) == (0 if waits else asked[each])
            assert len(set(devices)) == len(devices)
    for holder in list(asked):
        allocator.release(holder)
    assert list(allocator.holdings()) == []
    assert allocator.waiting == ()


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(1, 2))
def test_everybody_who_fits_is_served_in_turn(counts: list[int], places: int) -> None:
    """Whoever holds devices ends at some time: then nobody who fits waits forever, and nobody is
    overtaken by one who asks for as much or more."""
    allocator = make(4, places=places)
    running: list[int] = []
    served: list[int] = []

    def note(holders: tuple[Holder, ...]) -> None:
        running.extend(int(each.name) for each in holders)
        served.extend(int(each.name) for each in holders)

    for number, count in enumerate(counts):
        if isinstance(allocator.offer(who(str(number)), want(count)), Granted):
            note((who(str(number)),))
    while running:
        note(allocator.release(who(str(running.pop(0)))))
    assert sorted(served) == list(range(len(counts)))
    for place, number in enumerate(served):
        for late in served[:place]:
            assert late < number or counts[late] < counts[number]
