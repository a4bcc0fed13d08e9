"""Response headers that say which revision and replica answered, and whether it was woken.

`kfsim predict` shows them. The block is made once per revision, replica and start kind.
"""

from kfsim.flow import Ticket

_MOST_REMEMBERED = 4096


class Provenance:
    """Remembers the header block of every replica in use."""

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, str, bool], bytes] = {}

    def lines(self, ticket: Ticket) -> bytes:
        """`kfsim-start: cold` means that the request met no ready replica and waited for one."""
        replica = ticket.endpoint.replica.name if ticket.endpoint else ""
        key = (ticket.revision.name, replica, ticket.cold)
        block = self._blocks.get(key)
        if block is None:
            if len(self._blocks) >= _MOST_REMEMBERED:
                self._blocks.clear()
            start = "cold" if ticket.cold else "warm"
            block = self._blocks[key] = (
                f"kfsim-revision: {ticket.revision.name}\r\nkfsim-replica: {replica}\r\n"
                f"kfsim-start: {start}\r\n"
            ).encode("latin-1")
        return block
