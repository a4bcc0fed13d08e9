"""Manifests from http and https addresses, bounded in size and time."""

import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Final

from kfsim import __version__
from kfsim.base.errors import Unavailable

MAX_BYTES: Final = 32 * 2**20
_SECONDS: Final = 30.0


def is_web_address(path: str) -> bool:
    """As kubectl decides it (cli-runtime pkg/resource/builder.go, FilenameParam)."""
    return path.startswith(("http://", "https://"))


def fetch_text(address: str) -> str:
    """The text behind an address. Raises Unavailable naming it and what was answered."""
    request = urllib.request.Request(address, headers={"User-Agent": f"kfsim/{__version__}"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:
            content: bytes = response.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise Unavailable(
                f"{address}: the server answered {error.code} {error.reason}; correct the address"
            ) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise Unavailable(f"{address}: cannot be fetched: {reason}") from error
    if len(content) > MAX_BYTES:
        raise Unavailable(
            f"{address}: is larger than {MAX_BYTES >> 20} MiB, which no manifest is; download it "
            "and give the file"
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unavailable(f"{address}: is no UTF-8 text: {error}") from error
