from kfsim.replicas.backoff import Backoff


def crash_repeatedly(count, *, lasting=0.0):
    now, delays = 0.0, []
    backoff = Backoff(0.0, now)
    for _ in range(count):
        now += lasting
        backoff = backoff.after_exit(now)
        delays.append(backoff.delay)
        now += backoff.delay
        backoff = backoff.restarted(now)
    return delays


def test_the_first_restart_is_immediate_and_later_ones_double_up_to_five_minutes():
    assert crash_repeatedly(9) == [0, 10, 20, 40, 80, 160, 300, 300, 300]


def test_ten_minutes_of_running_are_not_yet_enough_to_begin_anew():
    assert crash_repeatedly(3, lasting=600) == [0, 10, 20]


def test_more_than_ten_minutes_of_running_begin_anew():
    assert crash_repeatedly(3, lasting=601) == [0, 0, 0]


def test_what_never_started_waits_for_nothing():
    assert Backoff().after_exit(5.0).delay == 0


def fail_repeatedly(count, *, taking=0.0):
    now, delays, backoff = 0.0, [], Backoff()
    for _ in range(count):
        now += taking
        backoff = backoff.after_failure(now)
        delays.append(backoff.delay)
        now += backoff.delay
    return delays


def test_failed_attempts_wait_from_the_first_on():
    assert fail_repeatedly(8) == [10, 20, 40, 80, 160, 300, 300, 300]


def test_an_attempt_that_took_very_long_begins_anew():
    assert fail_repeatedly(3, taking=700) == [10, 10, 10]
