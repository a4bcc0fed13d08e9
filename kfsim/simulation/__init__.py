"""The cluster in virtual time: the daemon's world with another loop, backend and network.

`loop` is the event loop whose time jumps to the next due thing, `backend` starts replicas that
exist in time only (following `scripts`), `dataplane` implements the live ports over the flow core
without sockets, `traffic` sends requests (`arrivals`, `durations`) and counts `outcomes`, `world`
puts a whole cluster together (`simulate`, `SimulatedCluster`) and `trace` records what it does.

Tests and scenarios call it. The same seed gives the same trace, under any PYTHONHASHSEED.

Must not: know real time, sockets, threads or processes. Nothing that decides lives here: store,
controllers, autoscaler and flow are the daemon's own.
"""

from kfsim.simulation.loop import Stalled, VirtualClock, VirtualLoop, run_virtual
from kfsim.simulation.scripts import ReplicaScript, StartFailure
from kfsim.simulation.trace import Trace
from kfsim.simulation.world import SimulatedCluster, simulate

__all__ = [
    "ReplicaScript",
    "SimulatedCluster",
    "Stalled",
    "StartFailure",
    "Trace",
    "VirtualClock",
    "VirtualLoop",
    "run_virtual",
    "simulate",
]
