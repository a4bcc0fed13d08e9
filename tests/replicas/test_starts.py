from kfsim.base.types import ReplicaKey
from kfsim.replicas.starts import HELD_AT_MOST, StartLimiter

A, B, C, D, E, F = (ReplicaKey("default", name) for name in "abcdef")


def test_places_are_handed_out_until_they_are_gone():
    starts = StartLimiter(limit=2)
    assert [starts.offer(key, 0, wake_up=False) for key in (A, B, C)] == [True, True, False]
    assert (starts.held, starts.waiting) == (2, 1)


def test_a_released_place_goes_to_who_waited_longest():
    starts = StartLimiter(limit=1)
    for key in (A, B, C):
        starts.offer(key, 0, wake_up=False)
    assert starts.release(A, 1) == (B,)
    assert starts.release(B, 2) == (C,)
    assert starts.release(C, 3) == ()


def test_wake_ups_have_places_of_their_own_and_go_first():
    starts = StartLimiter(limit=1)
    assert starts.offer(A, 0, wake_up=False)
    assert not starts.offer(B, 0, wake_up=False)
    assert starts.offer(C, 0, wake_up=True)
    assert not starts.offer(D, 0, wake_up=True)
    assert starts.release(A, 1) == (D,)
    assert starts.release(C, 1) == ()  # the wake-up D holds the one ordinary place
    assert starts.release(D, 1) == (B,)


def test_nobody_overtakes_the_queue():
    starts = StartLimiter(limit=1)
    starts.offer(A, 0, wake_up=False)
    starts.offer(B, 0, wake_up=False)
    starts.offer(C, 0, wake_up=True)
    starts.offer(D, 0, wake_up=True)
    starts.release(C, 0)
    assert not starts.offer(E, 0, wake_up=False)


def test_a_place_held_too_long_is_freed():
    starts = StartLimiter(limit=1)
    starts.offer(A, 0, wake_up=False)
    starts.offer(B, 5, wake_up=False)
    assert starts.expire(HELD_AT_MOST - 0.1) == ()
    assert starts.expire(HELD_AT_MOST) == (B,)


def test_one_that_gives_up_waiting_is_forgotten():
    starts = StartLimiter(limit=1)
    starts.offer(A, 0, wake_up=False)
    starts.offer(B, 0, wake_up=False)
    starts.offer(C, 0, wake_up=False)
    starts.release(B, 0)
    assert starts.release(A, 0) == (C,)


def test_asking_again_keeps_the_place():
    starts = StartLimiter(limit=1)
    assert starts.offer(A, 0, wake_up=False)
    assert starts.offer(A, 1, wake_up=False)
    assert starts.held == 1


def test_there_is_always_one_place():
    assert StartLimiter(limit=0).offer(F, 0, wake_up=False)
