"""Refuses what a web page could send: foreign Hosts, foreign Origins, unmarked bodies.

The API can start commands on this machine and asks for no password on loopback, so a page
must not be able to reach it: a page's request carries an Origin that is not the API's own, a
rebound DNS name shows in Host, and a "simple" cross-site request cannot carry a JSON, YAML or
patch content type.
"""

from collections.abc import Collection
from typing import Final

from kfsim.base.errors import Forbidden
from kfsim.kubeapi import protobuf
from kfsim.kubeapi.bodies import JSON_TYPES, YAML_TYPES
from kfsim.kubeapi.status import UnsupportedMediaType

LOOPBACK_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")
_PATCH_TYPES: Final = (
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_BODY_TYPES: Final = (*JSON_TYPES, *YAML_TYPES, *_PATCH_TYPES, protobuf.MEDIA_TYPE)


def check_host(host: str, allowed: Collection[str]) -> None:
    """`host` is the Host header, with or without a port. Raises Forbidden."""
    name = host.lower()
    if not name.endswith("]"):
        before, _, after = name.rpartition(":")
        name = before if before and after.isdigit() else name
    if name not in allowed:
        raise Forbidden(
            f'requests for the host "{host}" are refused: this API answers to '
            f"{', '.join(sorted(allowed))} only"
        )


def check_origin(origin: str | None, host: str) -> None:
    """An Origin, where there is one, must be this server's own. Raises Forbidden."""
    if origin is not None and origin.lower() not in (
        f"http://{host}".lower(),
        f"https://{host}".lower(),
    ):
        raise Forbidden(
            f'requests from pages of "{origin}" are refused: only pages of http://{host} may use '
            "this API"
        )


def check_body_type(
    method: str, content_type: str, *, has_body: bool, from_browser: bool = False
) -> None:
    """Writes must say what they carry. Raises UnsupportedMediaType.

    The official Python client creates custom objects without a content type, which then means
    JSON; a browser (it marks its requests with Origin or Sec-Fetch-Site) may not.
    """
    if not content_type and method != "PATCH" and not from_browser:
        return
    needs_type = method in ("POST", "PUT", "PATCH") or (method == "DELETE" and has_body)
    if needs_type and content_type not in _BODY_TYPES:
        raise UnsupportedMediaType(
            f'the content type "{content_type}" is refused; send one of {", ".join(_BODY_TYPES)}'
        )
