import asyncio
import socket

import pytest

from kfsim.base.clock import format_timestamp
from kfsim.simulation import loop as loop_module
from kfsim.simulation.loop import Stalled, VirtualLoop, run_virtual, running_loop


def test_sleeping_jumps_to_the_exact_moment() -> None:
    async def main() -> tuple[float, str]:
        await asyncio.sleep(60)
        clock = running_loop().clock
        return clock.now(), format_timestamp(clock.wall())

    assert run_virtual(main()) == (60, "2000-01-01T00:01:00Z")


def test_an_hour_of_ticks_is_exact() -> None:
    async def main() -> list[float]:
        clock = running_loop().clock
        moments = []
        for _ in range(1800):
            await asyncio.sleep(2)
            moments.append(clock.now())
        return moments

    assert run_virtual(main()) == [2.0 * tick for tick in range(1, 1801)]


def test_timers_and_events_of_one_moment_keep_the_order_of_asking() -> None:
    async def main() -> list[str]:
        loop = running_loop()
        seen: list[str] = []
        loop.call_later(1, seen.append, "timer 1")
        loop.call_event(1, lambda now: seen.append(f"event 1 at {now:g}"))
        loop.call_later(1, seen.append, "timer 2")
        loop.call_event(0.5, lambda now: seen.append(f"earlier event at {now:g}"))
        loop.call_event(1, lambda _: seen.append("event 2"))
        await asyncio.sleep(2)
        return seen

    assert run_virtual(main()) == [
        "earlier event at 0.5",
        "timer 1",
        "event 1 at 1",
        "timer 2",
        "event 2",
    ]


def test_a_woken_task_runs_before_a_later_event() -> None:
    async def main() -> list[str]:
        loop = running_loop()
        seen: list[str] = []
        woken = asyncio.Event()

        async def sleeper() -> None:
            await woken.wait()
            seen.append(f"task at {loop.time():g}")

        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper())
            loop.call_event(1, lambda _: woken.set())
            loop.call_event(1.5, lambda _: seen.append("later event"))
            await asyncio.sleep(2)
        return seen

    assert run_virtual(main()) == ["task at 1", "later event"]


def test_an_event_in_the_past_is_due_now() -> None:
    async def main() -> list[float]:
        loop = running_loop()
        await asyncio.sleep(5)
        moments: list[float] = []
        loop.call_event(1, moments.append)
        await asyncio.sleep(1)
        return moments

    assert run_virtual(main()) == [5]


def test_timeouts_are_virtual() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(300):
                await asyncio.Event().wait()
        return running_loop().time()

    assert run_virtual(main()) == 300


def test_cancelled_timers_do_not_fire_and_are_thrown_away() -> None:
    async def main() -> int:
        loop = running_loop()
        fired: list[int] = []
        for number in range(10_000):
            loop.call_later(300, fired.append, number).cancel()
            await asyncio.sleep(0.001)
        assert fired == []
        return len(loop._timers)

    assert run_virtual(main()) < 300


def test_a_deadlock_names_who_waits_and_where() -> None:
    async def wait_for_nobody() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.sleep(7)
        async with asyncio.TaskGroup() as group:
            group.create_task(wait_for_nobody(), name="lonely")

    with pytest.raises(Stalled, match=r"virtual time 7 s") as caught:
        run_virtual(main())
    assert "lonely in" in str(caught.value)
    assert "wait_for_nobody (test_loop.py:" in str(caught.value)


def test_the_horizon_ends_a_wait_that_only_ticks() -> None:
    async def tick() -> None:
        while True:
            await asyncio.sleep(2)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(tick(), name="ticker")
            await asyncio.Event().wait()

    with pytest.raises(Stalled, match=r"horizon of 100 s; still pending: .*ticker in"):
        run_virtual(main(), horizon=100)


@pytest.mark.parametrize("kind", ["ready", "timer", "event"])
def test_spinning_without_time_moving_is_an_error(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "_SPINS_WITHOUT_TIME", 1000)

    async def main() -> None:
        loop = running_loop()

        def again(_: float = 0.0) -> None:
            if kind == "ready":
                loop.call_soon(again)
            elif kind == "timer":
                loop.call_later(0, again)
            else:
                loop.call_event(loop.time(), again)

        again()
        await asyncio.sleep(1)

    with pytest.raises(Stalled, match="wakes itself endlessly"):
        run_virtual(main())


def test_threads_and_sockets_do_not_exist() -> None:
    async def main() -> None:
        loop = running_loop()
        with pytest.raises(RuntimeError, match="thread"):
            await loop.run_in_executor(None, print)
        with pytest.raises(RuntimeError, match="thread"):
            await asyncio.to_thread(print)
        with pytest.raises(RuntimeError, match="thread"):
            await loop.create_connection(asyncio.Protocol, "localhost", 80)
        with pytest.raises(NotImplementedError), socket.socket() as sock:
            loop.add_reader(sock, print)

    run_virtual(main())


def test_the_real_loop_is_refused_where_the_virtual_one_is_needed() -> None:
    async def main() -> None:
        running_loop()

    with pytest.raises(RuntimeError, match="needs the virtual loop"):
        asyncio.run(main())


def test_a_failing_main_ends_with_its_own_error_and_cancels_the_rest() -> None:
    ended: list[str] = []

    async def background() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("background")

    async def main() -> None:
        task = asyncio.create_task(background())
        await asyncio.sleep(1)
        raise LookupError(task.get_name())

    with pytest.raises(LookupError):
        run_virtual(main())
    assert ended == ["background"]


def test_two_loops_do_not_share_time() -> None:
    async def main() -> float:
        await asyncio.sleep(3)
        return running_loop().time()

    assert [run_virtual(main()), run_virtual(main())] == [3, 3]


def test_debug_mode_works() -> None:
    async def main() -> float:
        await asyncio.sleep(3)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(debug=True, loop_factory=VirtualLoop) as runner:
        assert runner.run(main()) == 3
