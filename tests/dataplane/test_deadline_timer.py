import asyncio

from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import RevisionKey, RevisionTarget, ServiceMode
from kfsim.dataplane.deadline_timer import DeadlineTimer
from kfsim.flow import FlowCore

REVISION = RevisionKey("default", "r")


async def test_fires_for_each_deadline_and_never_early():
    clock = RealClock()
    flow = FlowCore(entropy=SeededEntropy(1))
    flow.update(RevisionTarget(REVISION, ServiceMode.PROXY, timeout=0.02), clock.now())
    timer = DeadlineTimer(flow, clock)
    late: list[float] = []
    both = asyncio.Event()

    def reject(ticket):
        late.append(clock.now() - ticket.arrived)
        if len(late) == 2:
            both.set()

    flow.admit(REVISION, clock.now(), print, reject)
    timer.arm()
    await asyncio.sleep(0.005)
    flow.admit(REVISION, clock.now(), print, reject)
    timer.arm()
    await both.wait()
    assert min(late) >= 0.02
    timer.close()
