"""What every other package may use: time, randomness, errors, quantities, tasks, shared values.

Nothing here knows about Kubernetes objects, sockets or processes. `types` holds the plain values
that two packages on one line of the architecture share (Stat, Endpoint, RoutingTable, RevisionKey)
and `ports` the three live ports between controllers and data plane, so that those two never import
each other. Base imports nothing of kfsim.
"""
