"""What went wrong between here and a server, in our own words.

The HTTP library's texts are not passed on: they quote the URI with its secrets.
"""

import ssl
from dataclasses import dataclass

from urllib3 import exceptions as errors

from kfsim.backends.storage.failures import StorageFailure, cannot_provide


class SourceDown(StorageFailure):
    """The source cannot be reached now; what it gave before is still as good as it was."""

    def __init__(self, uri: str, problem: str) -> None:
        super().__init__(f"{cannot_provide(uri)}: {problem}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to connect, and seconds without a byte."""

    connect: float
    stall: float


def explain(uri: str, error: errors.HTTPError, *, host: str, patience: Patience) -> StorageFailure:
    """The failure for an exchange that gave no answer. `host` is the one that was asked, which
    after a redirect is not the URI's."""
    what = cannot_provide(uri)
    match error:
        case errors.ProxyError():
            return SourceDown(uri, "the proxy cannot be used; check http_proxy and https_proxy")
        case errors.SSLError():
            return StorageFailure(
                f"{what}: the certificate of {host} is not accepted ({_reason_of(error)}); name "
                "the file with the right certificate authorities in SSL_CERT_FILE"
            )
        case errors.NameResolutionError():
            return SourceDown(uri, f"the name {host} cannot be resolved; check it and the DNS")
        case errors.NewConnectionError():
            return SourceDown(uri, f"{host} cannot be connected to{_cause_of(error)}")
        case errors.ConnectTimeoutError():
            return SourceDown(uri, f"{host} did not take the connection in {patience.connect} s")
        case errors.ReadTimeoutError():
            return SourceDown(uri, f"{host} sent nothing for {patience.stall} s")
        case errors.ProxySchemeUnknown():
            return StorageFailure(f"{what}: only HTTP proxies are supported; see https_proxy")
        case errors.LocationValueError():
            return StorageFailure(f"{what}: this is no valid URL; correct storageUri")
        case _:
            return SourceDown(uri, f"{host} closed the connection or does not speak HTTP")


def _reason_of(error: BaseException) -> str:
    for each in (error, *error.args):
        if isinstance(each, ssl.SSLCertVerificationError):
            return str(each.verify_message)
        if isinstance(each, ssl.SSLError) and each.reason:
            return each.reason.replace("_", " ").lower()
    return "TLS failed"


def _cause_of(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__
    return f": {cause.strerror}" if isinstance(cause, OSError) and cause.strerror else ""
