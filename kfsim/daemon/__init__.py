"""The daemon: one process that owns a project's state and runs its cluster in real time.

`project` says where a project's state lives (`Project`), locks it and finds the daemons that run
(`DaemonInfo`, `daemon.json`); `settings.DaemonSettings` is what the command line hands over;
`Daemon` composes store with journal, process backend, gateway, cluster and API surface, starts
them in order and stops them in reverse; `serving` runs it until a signal or a request to shut
down; `process` is the entry point with the start-up handshake; `memory` collects garbage in good
moments.

The command line starts it as a child (`python -m kfsim.daemon`) and talks to it over HTTP only.

Must not: decide anything about services. What differs from the simulation (loop, entropy, replica
backend, network) is chosen here and nowhere else.
"""
