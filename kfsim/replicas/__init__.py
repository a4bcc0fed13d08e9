"""Running replicas, seen from above: the port that backends implement and pure state machines.

Ports: `backend` holds the `ReplicaBackend` with its values, `addresses` the `AddressResolver`,
`choice` the `BackendChooser`, `devices` the `GpuInventory` and what a GPU is.

Machines, which take events and times and return frozen values: `lifecycle` folds `ReplicaEvent`s
into a `ReplicaState`, `status` shows that state as a PodStatus, `probes` counts probe outcomes,
`backoff` spaces restarts, `failures` has the words for what could not be started and says which
attempt follows. Two keep books instead: `starts` limits how many replicas start at once,
`allocator` knows who gets which GPUs.

Readers of a Pod: `serving` finds the container that serves, `device_requests` the devices asked
for. `marks` are the labels and annotations of kfsim and Knative that several packages need. A Pod
is the record, a replica the running thing.

The Pod controller drives them; backends implement the port.

Must not: start a process, open a socket, or read a clock.
"""
