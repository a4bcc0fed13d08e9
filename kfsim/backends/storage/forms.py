"""What a file is, by its name: a zip, a tar, or the model itself.

The rules are KServe's (kserve_storage.py, `_download_from_uri` and `_download_local`): the name of
the URL's last path part decides, or the query where that tells nothing; what the server says its
answer is must agree with it. A model that works here works there.
"""

import mimetypes
import posixpath
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from kfsim.backends.storage.failures import StorageFailure, cannot_provide

# The types that Python knows itself: what the host adds would differ from the initializer's image.
_NAMES: Final = mimetypes.MimeTypes()
_PACKED: Final = {"application/zip": "zip", "application/x-tar": "tar"}
_MEDIA_TYPES: Final = {
    "zip": ("application/x-zip-compressed", "application/zip", "application/zip-compressed"),
    "tar": (
        "application/x-tar", "application/x-gtar", "application/x-gzip", "application/gzip",
    ),
    "file": ("application/octet-stream",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """`kind` is `zip`, `tar` or `file`; `gzipped` says that the name ends in .gz besides."""

    name: str
    kind: str
    gzipped: bool = False


def packed_kind(name: str) -> str | None:
    """`zip` or `tar` when the name is that of an archive that KServe unpacks."""
    return _PACKED.get(_NAMES.guess_type(name)[0] or "")


def is_http_url(uri: str) -> bool:
    """Whether the text is a URL with a host and, if it has one, a port that can be."""
    try:
        parts = urlsplit(uri)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def parse_form(uri: str) -> Form:
    """The form of what a URL names. Raises StorageFailure."""
    if not is_http_url(uri):
        raise StorageFailure(f"{cannot_provide(uri)}: this is no valid URL; correct storageUri")
    parts = urlsplit(uri)
    name = posixpath.basename(parts.path)
    if name in ("", ".", "..") or "\0" in name:
        raise StorageFailure(
            f"{cannot_provide(uri)}: the URL names no file; KServe takes a single file or an "
            "archive (.zip, .tar, .tar.gz, .tgz), no folder"
        )
    media_type, encoding = _NAMES.guess_type(parts.path)
    if media_type is None and parts.query:
        media_type, encoding = _NAMES.guess_type(parts.query)
    return Form(name, _PACKED.get(media_type or "", "file"), encoding == "gzip")


def check_media_type(uri: str, form: Form, content_type: str) -> None:
    """Refuse what KServe refuses. Raises StorageFailure."""
    accepted = _MEDIA_TYPES[form.kind]
    if not content_type.lower().startswith(accepted):
        raise StorageFailure(
            f"{cannot_provide(uri)}: the server says that it is "
            f"{content_type[:100] or 'nothing'!r} (Content-Type), and KServe refuses {form.name} "
            f"as anything but {' or '.join(accepted)}; have the server say so, or check that the "
            "URL is that of the file and not of a page about it"
        )
