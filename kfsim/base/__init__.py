"""What every other package may use: time, randomness, errors, quantities, tasks, shared values.

`clock.Clock` and `entropy.Entropy` are injected wherever time is read or a name, uid or die is
drawn; `errors.KfsimError` and its subclasses carry Kubernetes' reasons; `quantities` parses
amounts and durations; `tasks.TaskSet` owns background tasks. `types` holds the plain values that
two packages on one line of the architecture share (`Stat`, `Endpoint`, `RoutingTable`,
`RevisionKey`) and `ports` the three live ports between controllers and data plane (`RouteSink`,
`StatSource`, `DrainGate`), so that those two never import each other.

Everybody calls it; it imports nothing of kfsim.

Must not: know Kubernetes objects, sockets or processes.
"""
