"""A trace too long to keep: its digest grows with each line, and the latest lines stay."""

from hashlib import sha256

from kfsim.base.clock import Clock
from kfsim.simulation.trace import Trace, TraceLine

_KEPT = 4000


class RollingTrace(Trace):
    """Counts and hashes all lines; keeps the last few thousand."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._hash = sha256()
        self.count = 0

    def note(self, what: str, text: str) -> None:
        line = TraceLine(self._clock.now(), what, text)
        self._hash.update(f"{line}\n".encode())
        self.count += 1
        self.lines.append(line)
        if len(self.lines) > 2 * _KEPT:
            del self.lines[:_KEPT]

    def digest(self) -> str:
        return self._hash.hexdigest()
