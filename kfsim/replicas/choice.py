"""Which backend runs a revision, decided once and recorded with its reason.

The Revision controller asks a `BackendChooser` when it makes the Deployment and writes the answer
into the annotations of the Deployment, and from there of every Pod: whatever images come and go, a
revision changes its backend only when the user asks for another. `kfsim why` shows the reason.
Where there is one backend only (the simulation) nobody is asked and nothing is recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from kfsim.api.core import PodSpec


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """`name` is a backend's (BackendCapabilities.name); `reason` a clause for the user."""

    name: str
    reason: str


class BackendChooser(Protocol):
    """Decides for one revision."""

    def asked(self, annotations: Mapping[str, str]) -> BackendChoice | None:
        """What the user asks for in so many words; such a choice replaces one made before."""
        ...

    def choose(self, spec: PodSpec, annotations: Mapping[str, str]) -> BackendChoice | None:
        """The backend for Pods of this spec. None while the answer is not known yet (the engine
        has not told its images): ask again in a moment."""
        ...
