"""The only code that starts things: implementations of `replicas.backend.ReplicaBackend`.

`process.backend.ProcessBackend` runs a Pod's containers as local processes: a recipe says how the
server of a known image is run, any other container needs a command. `storage` finds what a
storageUri names, `names` what containers are told in place of cluster-local names. The daemon makes
the backend, opens and closes it, and hands it to the cluster, whose Pod controller drives it; a
simulated one takes its place under virtual time (`kfsim.simulation`).

A backend does as it is told and answers by events: when to start, restart, probe, drain or stop
is decided by the Pod controller. One contract suite (`tests/backends/contract.py`) runs on every
backend.

Must not: read or write the store, decide policy, or leave a process behind when the daemon dies.
"""
