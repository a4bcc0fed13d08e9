"""One pull: its stream of messages, its progress in bytes, its end.

Pure. The engine tells of each layer as it goes; the sum over the layers known so far is the
progress, so the total grows while the first layers are listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DONE = ("Download complete", "Verifying Checksum", "Extracting", "Pull complete")


@dataclass(frozen=True, slots=True)
class PullProgress:
    """Bytes fetched, and of how many; `total` is 0 until a layer's size is known."""

    current: int
    total: int


class PullMeter:
    """Adds up what the messages of one pull say."""

    def __init__(self) -> None:
        self._layers: dict[str, tuple[int, int]] = {}

    def read(self, message: Mapping[str, Any]) -> None:
        layer, status = message.get("id"), message.get("status", "")
        if not layer:
            return
        current, total = self._layers.get(layer, (0, 0))
        if status == "Downloading":
            detail = message.get("progressDetail") or {}
            total = int(detail.get("total") or total)
            self._layers[layer] = (int(detail.get("current") or current), total)
        elif status in _DONE and total:
            self._layers[layer] = (total, total)

    @property
    def progress(self) -> PullProgress:
        currents, totals = zip(*self._layers.values(), strict=True) if self._layers else ((), ())
        return PullProgress(sum(currents), sum(totals))


def find_error(message: Mapping[str, Any]) -> str | None:
    """Why the pull failed, if this message says so."""
    if "error" not in message:
        return None
    detail = message.get("errorDetail") or {}
    return str(detail.get("message") or message["error"])
