"""The wiring: all controllers over one store, the same in real and in virtual time.

`Cluster` is given what differs between the two worlds (clock, entropy, replica backend, data
plane ports) and builds the rest; it knows no socket and no process.
"""

from kfsim.cluster.cluster import Cluster

__all__ = ["Cluster"]
