"""The only code that starts things: implementations of `replicas.backend.ReplicaBackend`.

`process.backend.ProcessBackend` runs a Pod's containers as local processes: a recipe says how the
server of a known image is run, any other container needs a command. `docker.backend.DockerBackend`
runs them as containers of a Docker engine. `combined` is both behind one port, `choosing` decides
between them. `storage` provides what a storageUri names, `names` what containers are told in place
of cluster-local names, `gpus` what the host has. The daemon makes the backends, opens and closes
them, and hands them to the cluster, whose Pod controller drives them; a simulated one takes their
place under virtual time (`kfsim.simulation`).

A backend does as it is told and answers by events: when to start, restart, probe, drain or stop
is decided by the Pod controller. One contract suite (`tests/backends/contract.py`) runs on every
backend.

Must not: read or write the store, decide policy, or leave a process behind when the daemon dies.
"""
