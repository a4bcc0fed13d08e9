"""Which ends of a request a cluster would have brought about as well.

Each function is handed one end and what was known at that moment, and returns a sentence where a
cluster would have kept the request, and None where it would not:

* answered, hung up by its client: always right;
* cut off: only a killed daemon does it, which stands for the gateway's own death;
* 502, the replica died: only under a request that it had taken, because what was sent to one
  replica may have had effects and must not be sent to another;
* 404: only while the service has no route: it is missing, stopped, or was never ready;
* 504: only when the shortest of the revision's timeouts has passed since the request arrived;
* 503, its revision was removed: only when that Revision is gone from the store;
* 503, the queue is full: only when as many requests are open as a queue-proxy takes.
"""

from kfsim.api.conditions import is_true
from kfsim.api.knative.serving import Revision
from kfsim.api.kserve.types import InferenceService
from kfsim.base.types import RevisionKey, RevisionTarget, ServiceName
from kfsim.flow import Ticket, TicketState
from kfsim.store import Store

_SLOTS_PER_CONCURRENT = 11  # cmd/queue: the one that runs, and ten that wait
_ROUNDING = 1e-6


def judge_missing_route(store: Store, service: ServiceName) -> str | None:
    """404."""
    found = store.find(InferenceService, service.name, service.namespace)
    if found is None or found.metadata.deletion_timestamp is not None:
        return None
    status = found.status
    if status is None or not is_true(status.conditions, "IngressReady"):
        return None
    return f"a request for {service} found no route, and the service has one"


def judge_death(ticket: Ticket, *, taken: bool) -> str | None:
    """502; `taken`: the replica had taken it."""
    if taken and ticket.state is TicketState.GRANTED:
        return None
    return f"a request for {ticket.revision} was given up before any replica had taken it"


def judge_refusal(
    ticket: Ticket, target: RevisionTarget | None, store: Store, *, now: float, unfinished: int
) -> str | None:
    """503 and 504; `target` is the revision's in the routes in force, `unfinished` how many
    requests of it have not ended, this one included."""
    refusal = ticket.rejection
    assert refusal is not None  # a refusal has a reason
    about = f"a request for {ticket.revision} was refused with {refusal.status} {refusal.reason}"
    if refusal.status == 504:
        return _judge_timeout(about, ticket, target, now)
    if refusal.reason.endswith("was removed"):
        return f"{about}, and it is there" if _is_there(store, ticket.revision) else None
    if refusal.reason == "pending request queue full":
        limit = _SLOTS_PER_CONCURRENT * (target.container_concurrency if target else 0)
        return None if 0 < limit <= unfinished else f"{about}: {unfinished} are open"
    return about


def _judge_timeout(
    about: str, ticket: Ticket, target: RevisionTarget | None, now: float
) -> str | None:
    if target is None:
        return f"{about}, and no route leads to it"
    times = (target.timeout, target.response_start_timeout, target.idle_timeout)
    patience = min((each for each in times if each), default=None)
    waited = now - ticket.arrived
    if patience is not None and waited >= patience - _ROUNDING:
        return None
    return f"{about} after {waited:g} s of {patience}"


def _is_there(store: Store, revision: RevisionKey) -> bool:
    found = store.find(Revision, revision.name, revision.namespace)
    return found is not None and found.metadata.deletion_timestamp is None
