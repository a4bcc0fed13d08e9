"""The wiring: all controllers over one store, the same in real and in virtual time.

`Cluster` is given what differs between the two worlds (clock, entropy, replica backend, and the
data plane's ports `RouteSink`, `StatSource` and `DrainGate`) and builds the rest: every
controller by its `make_controller`, the kubelet, the autoscaler's beat, and the dispatcher that
drives them. It also seeds KServe's built-in runtimes.

`daemon` builds it over sockets and processes, `simulation` over virtual ones; a scenario that
holds in one holds in the other because this package is the same code.

Must not: know a socket, a process or a loop, or hold any rule of its own.
"""

from kfsim.cluster.cluster import DEFAULT_DOMAIN, Cluster, make_config

__all__ = ["DEFAULT_DOMAIN", "Cluster", "make_config"]
