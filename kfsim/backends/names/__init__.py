"""Cluster-local names in containers: where a container is told a Service's name, and what it gets.

`texts` finds the names in a container's command, args and env (pure). `loopback` gives processes
`127.0.0.1:PORT` instead. `network` gives containers of a Docker network name service and a
listener on the network's gateway, and as much of a rewriting as is needed where those cannot be
had. Sockets are the data plane's (`dataplane.service_ports`, `dataplane.bridge`); the daemon
connects them.
"""
