"""What goes wrong between kfsim and a Docker engine, in kfsim's own errors."""

from typing import ClassVar

from kfsim.base.errors import KfsimError, Unavailable


class EngineUnavailable(Unavailable):
    """No engine, no permission, too old, or no answer; the message has the mend."""


class EngineRefused(KfsimError):
    """The engine answered a call with an error; the message has its own words."""

    reason: ClassVar[str] = "EngineRefused"

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class NoSuchImage(EngineRefused):
    """The image of a create call is not (or no longer) there."""
