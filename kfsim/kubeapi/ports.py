"""What the API surface needs of others, injected as plain callables."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Which lines of which container of a Pod; `container` is empty for the first one."""

    namespace: str
    pod: str
    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    since_seconds: int | None = None
    limit_bytes: int | None = None


LogSource = Callable[[LogRequest], AsyncIterator[bytes]]
"""Chunks of a replica's log; raises KfsimError before the first chunk when there is none."""

Extension = Callable[[Mapping[str, str]], Any]
"""A kfsim-only verb: gets path and query parameters, returns JSON-able data or an awaitable of it.

Registered under a key such as `GET /why/{namespace}/{name}`, relative to `/kfsim/v1`.
"""

MetricsPage = Callable[[str], tuple[str, AsyncIterator[bytes]]]
"""The Content-Type of /metrics for an Accept header, and its body in chunks."""
