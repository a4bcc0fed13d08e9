"""Running replicas, seen from above: the port that backends implement and pure state machines.

`backend` holds the `ReplicaBackend` port with its values, `addresses` the ports by which Services
are found, `AddressResolver` and `ServiceDirectory`, `choice` the port that decides between
backends. The machines take events and times and return frozen values: `probes` counts probe
outcomes, `backoff` spaces restarts, `lifecycle` folds `ReplicaEvent`s into a `ReplicaState`,
`status` shows that state as a PodStatus, `starts` limits how many replicas start at once, `serving`
reads from a Pod which container serves. `devices` holds what a GPU is, `device_requests` what a Pod
asks for, `allocator` who gets which. A Pod is the record, a replica the running thing.

The Pod controller drives them; backends implement the port.

Must not: start a process, open a socket, or read a clock.
"""
