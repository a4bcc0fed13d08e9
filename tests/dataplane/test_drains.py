import asyncio

from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import Endpoint, ReplicaKey, RevisionKey, RevisionTarget, ServiceMode
from kfsim.dataplane.drains import Drains
from kfsim.flow import FlowCore

REPLICA = ReplicaKey("default", "pod-1")
REVISION = RevisionKey("default", "r")


def make_flow() -> FlowCore:
    flow = FlowCore(entropy=SeededEntropy(1))
    endpoint = Endpoint(REPLICA, "127.0.0.1", 1)
    flow.update(RevisionTarget(REVISION, ServiceMode.SERVE, (endpoint,)), RealClock().now())
    return flow


async def test_idle_replica_is_done_but_not_within_the_call():
    done = asyncio.Event()
    Drains(make_flow(), RealClock()).begin(REPLICA, grace=60.0, done=done.set)
    assert not done.is_set()
    await done.wait()


async def test_busy_replica_is_done_when_the_grace_is_over_and_only_once():
    flow, clock = make_flow(), RealClock()
    calls = []
    done = asyncio.Event()
    ticket = flow.admit(REVISION, clock.now(), print, print)
    start = clock.now()
    Drains(flow, clock).begin(REPLICA, grace=0.02, done=lambda: (calls.append(1), done.set()))
    await done.wait()
    assert clock.now() - start >= 0.02
    ticket.finish(clock.now())
    await asyncio.sleep(0)
    assert calls == [1]


async def test_no_grace_does_not_wait():
    flow, clock = make_flow(), RealClock()
    done = asyncio.Event()
    flow.admit(REVISION, clock.now(), print, print)
    Drains(flow, clock).begin(REPLICA, grace=0.0, done=done.set)
    await done.wait()
