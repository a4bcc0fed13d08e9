"""What all connections of one gateway share."""

from dataclasses import dataclass, field

from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy
from kfsim.dataplane.buffered import BufferedBytes
from kfsim.dataplane.cold_starts import ColdStarts
from kfsim.dataplane.counters import Counters
from kfsim.dataplane.deadline_timer import DeadlineTimer
from kfsim.dataplane.durations import RequestDurations
from kfsim.dataplane.forwarding import RequestIds
from kfsim.dataplane.http1.upstream_pool import UpstreamPool
from kfsim.dataplane.http2.pool import Http2Pool
from kfsim.dataplane.limits import Limits
from kfsim.dataplane.provenance import Provenance
from kfsim.dataplane.refusals import Refusals
from kfsim.dataplane.routing import Router
from kfsim.flow import FlowCore


@dataclass(slots=True)
class Plane:
    """One gateway's parts, as its connections see them. `api` is the API's URL, for hints."""

    clock: Clock
    entropy: Entropy
    flow: FlowCore
    router: Router
    pool: UpstreamPool
    timer: DeadlineTimer
    limits: Limits
    request_ids: RequestIds
    api: str
    counters: Counters = field(default_factory=Counters)
    provenance: Provenance = field(default_factory=Provenance)
    cold_starts: ColdStarts = field(default_factory=ColdStarts)
    durations: RequestDurations = field(default_factory=RequestDurations)
    refusals: Refusals = field(default_factory=Refusals)
    buffered: BufferedBytes = field(init=False)
    http2_pool: Http2Pool = field(init=False)

    def __post_init__(self) -> None:
        self.buffered = BufferedBytes(
            self.limits.total_buffered_bytes, clock=self.clock, refusals=self.refusals
        )
        self.http2_pool = Http2Pool(limits=self.limits, clock=self.clock, refusals=self.refusals)
