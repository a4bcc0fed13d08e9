import asyncio

from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.types import RevisionKey, Stat
from kfsim.controllers.podautoscaler.scaling import Scaling
from kfsim.simulation.loop import run_virtual, running_loop
from kfsim.testing.ports import ScriptedStatSource

REVISION = RevisionKey("default", "iris-00001")


def play(story):
    async def main():
        source = ScriptedStatSource()
        clock = running_loop().clock
        woken = []
        scaling = Scaling(
            clock=clock,
            stat_source=source,
            wake=lambda revision, after: woken.append((round(clock.now(), 3), revision)),
        )
        scaling.start()
        try:
            await story(scaling, source, woken)
        finally:
            await scaling.close()

    run_virtual(main())


def test_reports_are_collected_every_second_and_decided_on_every_other():
    async def story(scaling, source, woken):
        scaling.ensure(REVISION, DeciderSpec(), ready_pods=1)
        source.queued.append(Stat(REVISION, "pod", average_concurrent_requests=5))
        await asyncio.sleep(4.5)
        assert source.collected_at == [1, 2, 3, 4]
        assert woken == [(2, REVISION)]
        explained = scaling.explain(REVISION)
        assert [each.desired_pod_count for each in explained.decisions] == [1, 1]
        assert explained.step is None

    play(story)


def test_seconds_begin_with_whole_ones():
    async def story(scaling, source, _):
        await scaling.close()
        await asyncio.sleep(0.3)
        scaling.start()
        await asyncio.sleep(2)
        assert source.collected_at == [1, 2]

    play(story)


def test_a_poke_decides_at_once_for_what_is_at_zero_or_undecided():
    async def story(scaling, source, woken):
        scaling.ensure(REVISION, DeciderSpec(), ready_pods=0)
        await asyncio.sleep(0.5)
        source.poke(REVISION)
        assert woken == [(0.5, REVISION)]
        source.poke(REVISION)
        source.poke(RevisionKey("default", "unknown"))
        assert len(woken) == 1

    play(story)


def test_idle_revisions_sleep_and_removed_ones_are_forgotten():
    async def story(scaling, source, woken):
        scaling.ensure(REVISION, DeciderSpec(), ready_pods=1)
        source.queued.append(Stat(REVISION, "pod", average_concurrent_requests=0))
        await asyncio.sleep(3)
        assert scaling.awake == 0
        scaling.remove(REVISION)
        source.poke(REVISION)
        assert scaling.explain(REVISION).decisions == ()
        assert woken == [(2, REVISION)]

    play(story)
