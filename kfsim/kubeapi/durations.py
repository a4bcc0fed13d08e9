"""Ages as kubectl prints them (apimachinery pkg/util/duration)."""

from kfsim.base.clock import parse_timestamp


def format_age(wall: float, timestamp: str | None) -> str:
    """The time since an RFC 3339 timestamp; `<unknown>` without one, `<invalid>` for no time."""
    if not timestamp:
        return "<unknown>"
    try:
        then = parse_timestamp(timestamp)
    except ValueError:
        return "<invalid>"
    return format_human_duration(wall - then)


def format_human_duration(seconds: float) -> str:
    """Two units where they matter: 119s, 9m59s, 7h59m, 47h, 7d23h, 729d, 2y3d."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
