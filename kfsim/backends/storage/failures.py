"""Why a model cannot be provided, in words that hide what is secret in its URI."""

from typing import Final
from urllib.parse import urlsplit

NOT_REVALIDATED: Final = "ModelNotRevalidated"
"""Reason of the event when an earlier copy stands in for a source that is down."""


class StorageFailure(Exception):
    """The text is the termination message of the storage-initializer."""


def cannot_provide(uri: str) -> str:
    """How failures about a source begin."""
    return f"cannot provide the model {redact_uri(uri)}"


def redact_uri(uri: str) -> str:
    """The URI as it may be shown: no userinfo, and the values of its query as `***`.

    Which parameter of a signed URL is the secret differs by store, so none is shown. Paths and
    `file://` URIs have no query: a question mark there belongs to a name.
    """
    scheme, separator, _ = uri.partition("://")
    if not separator or scheme.lower() == "file":
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:
        return f"{scheme}://***"
    _, at, host = parts.netloc.rpartition("@")
    shown = parts._replace(
        netloc=f"***@{host}" if at else host,
        query="&".join(_redact_parameter(each) for each in parts.query.split("&") if each),
        fragment="",
    )
    return shown.geturl()


def _redact_parameter(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return f"{name}=***" if equals else "***"
