"""The autoscaler's tick over many revisions, few of them active: `python -m bench.tick [COUNT]`.

10,000 revisions without COUNT, with a decider each; one in a hundred has a replica that answers one
request all the time, the others fell asleep at zero. Each second of a fake clock the reports are
collected, each second second all awake deciders decide: the live objects, without the cluster
around them (`bench.thousand_services` measures the same within it).
"""

import gc
import statistics
import sys
import time

from bench.proxies.comparison import Target
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import Endpoint, ReplicaKey, RevisionKey, RevisionTarget, ServiceMode
from kfsim.controllers.podautoscaler.scaling import Scaling
from kfsim.flow import FlowCore, TicketState
from kfsim.testing.clock import FakeClock

_ACTIVE_SHARE = 100  # one of so many
_SETTLING = 120  # seconds, until windows are full and idle deciders asleep
_TICKS = 200
_SPEC = DeciderSpec(initial_scale=0)


class Revisions:
    """A flow core and a scaling over `count` revisions; `active` of them have load."""

    def __init__(self, count: int) -> None:
        self.clock = FakeClock()
        self.flow = FlowCore(entropy=SeededEntropy(1))
        self.woken = 0
        self.scaling = Scaling(clock=self.clock, stat_source=self.flow, wake=self._wake)
        for number in range(count):
            self._add(number, active=number % _ACTIVE_SHARE == 0)
        self.active = len(range(0, count, _ACTIVE_SHARE))

    def _wake(self, revision: RevisionKey, after: float) -> None:
        self.woken += 1

    def _add(self, number: int, *, active: bool) -> None:
        revision = RevisionKey("default", f"iris-{number:05}-predictor-00001")
        replica = ReplicaKey("default", f"{revision.name}-deployment-1")
        endpoints = (Endpoint(replica, "127.0.0.1", 8080),) if active else ()
        mode = ServiceMode.SERVE if active else ServiceMode.PROXY
        now = self.clock.now()
        self.flow.update(RevisionTarget(revision, mode, endpoints), now)
        self.scaling.ensure(revision, _SPEC, ready_pods=len(endpoints))
        if active:
            ticket = self.flow.admit(revision, now, lambda _: None, lambda _: None)
            assert ticket.state is TicketState.GRANTED

    def second(self, *, decides: bool) -> tuple[float, float]:
        """Let a second pass; milliseconds of the collection and of the decisions."""
        self.clock.advance(1.0)
        now, started = self.clock.now(), time.perf_counter()
        self.scaling.collect(now)
        collected = time.perf_counter()
        if decides:
            for _ in self.scaling.decide(now):
                pass
        return (collected - started) * 1000, (time.perf_counter() - collected) * 1000


def main(count: int) -> None:
    revisions = Revisions(count)
    for second in range(_SETTLING):
        revisions.second(decides=second % 2 == 1)
    if revisions.scaling.awake != revisions.active:
        raise RuntimeError(
            f"{revisions.scaling.awake} revisions are awake, {revisions.active} active"
        )
    gc.collect()
    gc.freeze()
    times = [revisions.second(decides=second % 2 == 1) for second in range(2 * _TICKS)][1::2]
    ticks = [collecting + deciding for collecting, deciding in times]
    print(
        f"tick over {count} revisions, {revisions.active} active: "
        f"{Target('median ms', 1.0).judge(statistics.median(ticks))} "
        f"({statistics.median(each for each, _ in times):.2f} to collect, "
        f"{statistics.median(each for _, each in times):.2f} to decide), "
        f"p95 {statistics.quantiles(ticks, n=20)[-1]:.2f}, most {max(ticks):.2f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
