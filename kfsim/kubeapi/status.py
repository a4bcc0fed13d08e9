"""The one place where errors become HTTP: metav1.Status with Kubernetes' reasons and codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kfsim.api.scheme import ResourceKind
from kfsim.base.errors import KfsimError


class UnsupportedMediaType(KfsimError):
    """The body's content type is none that this verb takes."""

    reason = "UnsupportedMediaType"
    code = 415


class MethodNotAllowed(KfsimError):
    """The path exists and does not take this verb."""

    reason = "MethodNotAllowed"
    code = 405


class TooLarge(KfsimError):
    """The body is above the limit."""

    reason = "RequestEntityTooLarge"
    code = 413


@dataclass(frozen=True, slots=True)
class About:
    """Which object a Status is about, as its `details` say."""

    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""


def about(resource: ResourceKind, name: str = "", uid: str = "") -> About:
    """As `details` name it: by its plural (only Invalid names the kind)."""
    return About(name=name, group=resource.group, kind=resource.plural, uid=uid)


def make_failure(error: KfsimError, subject: About | None = None) -> dict[str, Any]:
    """The Status body of an error."""
    details: dict[str, Any] = {}
    if subject is not None:
        details = {
            key: value
            for key, value in (
                ("name", subject.name),
                ("group", subject.group),
                ("kind", subject.kind),
                ("uid", subject.uid),
            )
            if value
        }
    if error.causes:
        details["causes"] = [
            {"reason": cause.reason, "message": cause.message, "field": cause.field}
            for cause in error.causes
        ]
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.reason,
        **({"details": details} if details else {}),
        "code": error.code,
    }


def make_success(subject: About) -> dict[str, Any]:
    """The Status body of a finished deletion."""
    details = {"name": subject.name, "group": subject.group, "kind": subject.kind}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {
            **{key: value for key, value in details.items() if value},
            **({"uid": subject.uid} if subject.uid else {}),
        },
    }


_WARNING_ESCAPES: Mapping[int, str] = MappingProxyType(str.maketrans({"\\": "\\\\", '"': '\\"'}))


def make_warning(text: str) -> str:
    """A `Warning:` header value (RFC 7234, code 299), as client-go parses it."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return f'299 - "{printable.translate(_WARNING_ESCAPES)}"'
