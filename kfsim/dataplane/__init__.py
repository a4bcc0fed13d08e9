"""Sockets to `flow`: the gateway with its logical activator and queue-proxies.

A connection's first bytes choose the protocol (`sniff`): `http1` reads requests one after the
other, `http2` many at once. Each becomes a head (`requests`), finds its revision (`routing`), and
runs as an `Exchange` between a `Downstream` (who asked) and an `Upstream` (who answers), admitted
by `kfsim.flow`. Everything on this path is a protocol callback; no request has a task of its own,
and bodies stream with backpressure in both directions. Cluster-local names lead here by
`service_ports` (loopback, one port per Service) and by `bridge` (a Docker network's gateway
address, with the name server in `resolver`). `limits` bounds what clients may take: each of them,
in number (`crowd`), and all together (`buffered`). `Gateway` wires the parts and is the RouteSink,
StatSource and DrainGate that controllers know.

Must not: import controllers or the store, wait inside a callback, or keep whole bodies.
"""

from kfsim.dataplane.gateway import Gateway
from kfsim.dataplane.limits import Limits

__all__ = ["Gateway", "Limits"]
