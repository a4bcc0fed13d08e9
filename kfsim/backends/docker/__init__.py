"""Pods as real containers, through the Docker Engine's API.

    backend ── replica ── making ── (bodies, volumes, images) ── a create request
       │          ├─ sandbox: the network namespace that a Pod's containers share
       │          └─ ending: how a container ended, and what is kept of it
       └─ engine ── connection, calls (eight threads), streams, events

`backend.DockerBackend` is the ReplicaBackend; `replica.DockerReplica` brings one Pod up and down;
`engine.Engine` is all that knows threads and sockets, and whether there is an engine at all.
`adoption` sorts out what an earlier daemon left, by the labels of `labels`. Pure modules turn a
Pod into the engine's words (`bodies`, `limits`, `security`, `identity`, `devices`), and the
engine's words into a user's (`engine_errors`, `registry_errors`).

Must not: block the loop (the `docker` package is synchronous), decide when something is started or
restarted, or leave anything in the engine without the project's label.
"""
