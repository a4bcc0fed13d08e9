"""`limits` of kfsim.yaml: how much the gateway takes from clients and keeps for them.

The fields are those of `dataplane.Limits`, whose defaults a test compares with these; commands that
only read the file need not load the data plane.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from kfsim.dataplane import Limits

_KIB = 1024
_MIB = 1024 * _KIB
_DAY = 86400
_MANY = 1_000_000


def _count(default: int, text: str, *, least: int = 1, most: int = _MANY) -> Any:
    return Field(default=default, ge=least, le=most, strict=True, description=text)


def _seconds(default: float, text: str, *, least: float = 1.0) -> Any:
    return Field(
        default=default, ge=least, le=_DAY, strict=True, allow_inf_nan=False, description=text
    )


class LimitsSection(BaseModel):
    """Sizes in bytes, times in seconds."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, hide_input_in_errors=True
    )

    connections: int = _count(
        10_000,
        "Client connections open at once; one more is answered 503 and closed. Calls between "
        "components have as many of their own.",
    )
    head_bytes: int = _count(
        64 * _KIB,
        "The largest request or response head; more of a request's is 431.",
        least=_KIB,
        most=_MIB,
    )
    headers: int = _count(128, "The most headers of a request; more is 431.", least=8, most=10_000)
    buffered_bytes: int = _count(
        64 * _KIB,
        "What a request that waits may send ahead, and a connection's requests behind it.",
        least=_KIB,
        most=_MIB,
    )
    total_buffered_bytes: int = _count(
        256 * _MIB,
        "What all connections and waiting requests may hold together; a request with more is "
        "answered 503, and clients that do not read are cut.",
        least=_MIB,
        most=_MANY * _MIB,
    )
    discarded_bytes: int = _count(
        _MIB,
        "How much of a body is read on after its answer before the connection is closed.",
        least=0,
        most=1024 * _MIB,
    )
    write_high_water: int = _count(
        64 * _KIB,
        "Unsent bytes on a connection above which the other side is not read.",
        least=_KIB,
        most=_MIB,
    )
    head_timeout: float = _seconds(60.0, "For a request's head to come whole; else 408.")
    idle_timeout: float = _seconds(3600.0, "Without a request, until a connection is closed.")
    connect_timeout: float = _seconds(10.0, "For a connection to a replica.", least=0.1)
    idle_upstreams: int = _count(1000, "Unused connections kept to all replicas.", least=0)
    idle_upstreams_per_endpoint: int = _count(
        100, "Unused connections kept to one replica.", least=0
    )
    max_streams: int = _count(250, "HTTP/2: streams open at once on a connection.")
    header_list_bytes: int = _count(
        64 * _KIB, "HTTP/2: the largest head, uncompressed.", least=_KIB, most=_MIB
    )
    continuation_frames: int = _count(8, "HTTP/2: CONTINUATION frames of a head.", least=0)
    frame_interval: float = _seconds(30.0, "HTTP/2: what the two counts below are for.")
    resets_per_interval: int = _count(1000, "HTTP/2: streams that may be reset on a connection.")
    control_frames_per_interval: int = _count(
        1000, "HTTP/2: frames that move no data (SETTINGS, PING, PRIORITY, empty DATA)."
    )

    def limits(self) -> "Limits":
        from kfsim.dataplane import Limits  # late: see above

        return Limits(**self.model_dump())


def describe_bounds() -> Iterator[tuple[str, str]]:
    """Each key, and what its value must be."""
    for name, field in LimitsSection.model_fields.items():
        least = next(str(each.ge) for each in field.metadata if isinstance(each, Ge))
        most = next(str(each.le) for each in field.metadata if isinstance(each, Le))
        kind = "an integer" if field.annotation is int else "a number of seconds"
        yield field.alias or name, f"{kind} from {least.removesuffix('.0')} to {most}"
