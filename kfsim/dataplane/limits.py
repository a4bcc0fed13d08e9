"""How much of anything the gateway takes from one client or keeps for one upstream."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    Idle upstream connections as Knative's activator keeps them (cmd/activator/main.go). A head has
    as long as its servers give it (knative.dev/pkg network/server.go), a connection may rest as
    long as at Envoy (idle_timeout of its HTTP protocol options).
    """

    head_bytes: int = 64 * 1024
    headers: int = 128
    buffered_bytes: int = 64 * 1024
    discarded_bytes: int = 1024 * 1024
    write_high_water: int = 64 * 1024
    head_timeout: float = 60.0
    idle_timeout: float = 3600.0
    connect_timeout: float = 10.0
    idle_upstreams: int = 1000
    idle_upstreams_per_endpoint: int = 100
