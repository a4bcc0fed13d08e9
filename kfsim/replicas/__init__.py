"""Running replicas, seen from above: the port that backends implement and pure state machines.

`backend` holds the `ReplicaBackend` port with its values, `addresses` the `AddressResolver` port,
`probes` and `lifecycle` the pure machines that turn probe outcomes and container events into
readiness, restarts and back-off. A Pod is the record, a replica the running thing. The Pod
controller calls the port; nothing here starts a process or opens a socket.
"""
