"""One request between gateway and replica, without I/O.

`FlowCore` decides, for every request, which replica runs it and when: the activator holds it
while a revision has no capacity, the balancer picks a replica, the replica's queue-proxy limits
how many run there and queues the rest. Its result is a `Ticket`, granted at once, later by a
callback, or refused with a `Rejection`. `Breaker` and `RequestStatistics` are the parts that the
conformance replay also uses on their own.

Called by the data plane with the real clock and by the simulation with the virtual one: whoever
calls passes `now`, asks `next_deadline()` and calls `expire(now)` then.

Must not: wait, read time, start a task, or call back inside `admit`.
"""

from kfsim.flow.breaker import Breaker, BreakerState
from kfsim.flow.core import FlowCore
from kfsim.flow.statistics import RequestReport, RequestStatistics
from kfsim.flow.ticket import Rejection, Ticket, TicketState

__all__ = [
    "Breaker",
    "BreakerState",
    "FlowCore",
    "Rejection",
    "RequestReport",
    "RequestStatistics",
    "Ticket",
    "TicketState",
]
