"""One family of errors, mapped to HTTP in one place (`kubeapi.status`).

Each class names a Kubernetes StatusReason and its HTTP code. Messages say what was attempted, what
was found and what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason of an Invalid error: the field path, Kubernetes' cause reason, and the message."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


class KfsimError(Exception):
    """Base of all expected errors."""

    reason: ClassVar[str] = "InternalError"
    code: ClassVar[int] = 500

    def __init__(self, message: str, *, causes: Sequence[Cause] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.causes = tuple(causes)
        self.object_name = ""  # set where the request's path does not name the object (a create)


class BadRequest(KfsimError):
    """The request itself cannot be understood."""

    reason = "BadRequest"
    code = 400


class Forbidden(KfsimError):
    """The request is understood and refused (admission, safety defaults)."""

    reason = "Forbidden"
    code = 403


class NotFound(KfsimError):
    """The named thing does not exist."""

    reason = "NotFound"
    code = 404


class AlreadyExists(KfsimError):
    """A create names something that exists."""

    reason = "AlreadyExists"
    code = 409


class Conflict(KfsimError):
    """A write carries a resourceVersion that is no longer current."""

    reason = "Conflict"
    code = 409


class Gone(KfsimError):
    """A watch asks for history that is no longer kept."""

    reason = "Expired"
    code = 410


class Invalid(KfsimError):
    """An object fails validation."""

    reason = "Invalid"
    code = 422


class Unavailable(KfsimError):
    """Something needed is not there at the moment; trying again may help."""

    reason = "ServiceUnavailable"
    code = 503


class Timeout(KfsimError):
    """Something did not happen in time; the message says what was still pending."""

    reason = "Timeout"
    code = 504
