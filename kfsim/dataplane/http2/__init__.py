"""HTTP/2 without TLS to clients and to replicas, gRPC above all.

`link.Link` is one connection's streams and windows (`reader` takes its frames apart);
`server.ClientLink` takes requests, each a `request.ClientRequest` on its stream;
`upstream.ReplicaLink` carries requests to a replica, each an `upstream.ReplicaStream`, and is kept
in `pool.Http2Pool`. `flusher` gathers what goes out.

Must not: know how requests are admitted or counted (`exchange`), or keep whole bodies.
"""
