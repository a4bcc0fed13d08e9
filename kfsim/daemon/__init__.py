"""The daemon: one process that owns a project's state and runs its cluster in real time.

`project` says where a project's state lives and which daemons run; `settings` is what the command
line hands over; `daemon` composes store, backend, data plane, controllers and API surface, and
`process` is the entry point, with locks, signals and the start-up handshake. The command line
starts it as a child and talks to it over HTTP only.
"""
