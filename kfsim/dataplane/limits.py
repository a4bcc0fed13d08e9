"""How much of anything the gateway takes from one client or keeps for one upstream."""

from dataclasses import dataclass

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    Idle upstream connections as Knative's activator keeps them (cmd/activator/main.go). A head has
    as long as its servers give it (knative.dev/pkg network/server.go), a connection may rest as
    long as at Envoy (idle_timeout of its HTTP protocol options).
    """

    connections: int = 10_000
    """Those from outside, and those of components that call each other, each; see `Crowd`."""
    head_bytes: int = 64 * _KIB
    headers: int = 128
    buffered_bytes: int = 64 * _KIB
    """What one connection may be ahead of its reader."""
    total_buffered_bytes: int = 256 * _MIB
    """What all connections and requests that wait hold together."""
    discarded_bytes: int = _MIB
    write_high_water: int = 64 * _KIB
    head_timeout: float = 60.0
    idle_timeout: float = 3600.0
    connect_timeout: float = 10.0
    idle_upstreams: int = 1000
    idle_upstreams_per_endpoint: int = 100

    # HTTP/2, each connection.

    max_streams: int = 250
    """Open at once, as Go's server allows (golang.org/x/net http2 defaultMaxStreams)."""
    header_list_bytes: int = 64 * _KIB
    """SETTINGS_MAX_HEADER_LIST_SIZE: names and values, and 32 for each (RFC 9113 section 6.5.2)."""
    continuation_frames: int = 8
    """For one head, as nghttp2 (NGHTTP2_DEFAULT_MAX_CONTINUATIONS)."""
    frame_interval: float = 30.0
    resets_per_interval: int = 1000
    """RST_STREAM of the client's, and streams it makes us reset; nghttp2 allows 33 a second after
    the first 1000 (nghttp2_option_set_stream_reset_rate_limit)."""
    control_frames_per_interval: int = 1000
    """SETTINGS and PING to be acknowledged, PRIORITY, empty DATA."""
