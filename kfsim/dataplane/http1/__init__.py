"""HTTP/1.1 to clients and to replicas.

`client.ClientConnection` reads requests and is the Downstream of one exchange after the other;
`upstream.UpstreamConnection` carries one request at a time to a replica, and rests in
`upstream_pool.UpstreamPool` between two.

Must not: know how requests are admitted or counted (`exchange`), or speak HTTP/2.
"""
