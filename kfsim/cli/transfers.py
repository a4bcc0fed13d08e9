"""What the daemon is fetching: images and models, as bytes that move.

Told in steps of a tenth, or of a hundred megabytes where the size is not known; on a board whose
lines are rewritten, with every look. While bytes move,
waiting for a service costs it nothing of its time.
"""

from typing import Any

from kfsim.cli.board import Board
from kfsim.cli.client import ApiClient
from kfsim.cli.output import format_bytes

_STEPS = 10
_UNKNOWN_STEP = 100 * 10**6


class Transfers:
    """Follows the transfers of one daemon."""

    def __init__(self, client: ApiClient, board: Board) -> None:
        self._client = client
        self._board = board
        self._told: dict[str, int] = {}
        self._seen: dict[str, int] = {}

    def poll(self) -> bool:
        """Read once and tell what has come further; whether anything has moved since the last."""
        answer = self._client.get("/kfsim/v1/transfers")
        seen: dict[str, int] = {}
        for transfer in answer["transfers"]:
            seen[transfer["what"]] = transfer["current"]
            self._tell(transfer)
        moved = any(current != self._seen.get(what) for what, current in seen.items())
        self._seen = seen
        return moved

    def _tell(self, transfer: dict[str, Any]) -> None:
        what, current, total = transfer["what"], transfer["current"], transfer["total"]
        step = current * _STEPS // total if total else current // _UNKNOWN_STEP
        if self._told.get(what) == step and not self._board.in_place:
            return
        self._told[what] = step
        done = (
            f"{format_bytes(current)} of {format_bytes(total)}" if total else format_bytes(current)
        )
        self._board.tell(f"fetching {what}", f"fetching {what}: {done}")
