"""The only code that starts things: implementations of `replicas.backend.ReplicaBackend`.

`process.backend.ProcessBackend` runs a Pod's containers as local processes: a recipe says how the
server of a known image is run, any other container needs a command. `storage` provides what a
storageUri names, `names` what containers are told in place of cluster-local names. The daemon makes
the backend, opens and closes it, and hands it to the cluster, whose Pod controller drives it; a
simulated one takes its place under virtual time (`kfsim.simulation`).

Must not: read or write the store, decide policy, or leave a process behind when the daemon dies.
"""
