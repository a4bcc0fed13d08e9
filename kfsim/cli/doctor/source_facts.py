"""Looks at models where they are: files of this machine, claims, and URLs (one HEAD request)."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from kfsim.backends.storage.failures import StorageFailure, redact_uri
from kfsim.backends.storage.forms import parse_form
from kfsim.backends.storage.local import is_remote, locate_model
from kfsim.cli.doctor.sources import PickleFacts, SourceFacts
from kfsim.controllers.inferenceservice.storage import UnsupportedStorage, resolve_uri

_PATIENCE_SECONDS = 10
_PICKLES = (".joblib", ".pkl", ".pickle")
# Servers that know no HEAD have been reached all the same.
_NO_HEAD = (405, 501)
_MENDS = {
    401: "the server wants credentials: put them in the URI (https://USER:PASSWORD@HOST/…)",
    403: "the server refuses these credentials, or a signed URI has expired",
    404: "correct storageUri",
}


def look_at_source(service: str, uri: str, *, source: str, claims: Path) -> SourceFacts:
    """`source` is the manifest's file; `claims` holds a folder per claim of the namespace."""
    shown = redact_uri(uri)
    try:
        resolved = resolve_uri(uri, source=source or None)
        found = _ask(resolved) if is_remote(resolved) else _look(resolved, claims)
    except (StorageFailure, UnsupportedStorage) as error:
        return SourceFacts(service, shown, failure=str(error))
    return SourceFacts(service, shown, found)


def _look(uri: str, claims: Path) -> str:
    path = locate_model(uri, claims=claims)
    if path.is_file():
        return f"a file of {path.stat().st_size} bytes"
    names = sorted(each.name for each in path.iterdir())
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _ask(uri: str) -> str:
    """Raises StorageFailure."""
    parse_form(uri)
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    request = Request(urlunsplit(parts._replace(netloc=host)), method="HEAD")
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        encoded = base64.b64encode(login.encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {encoded}")
    shown = redact_uri(uri)
    try:
        with urlopen(request, timeout=_PATIENCE_SECONDS) as response:  # http(s) only
            size = response.headers.get("Content-Length")
            return f"reachable, {size} bytes" if size else "reachable"
    except HTTPError as error:
        with error:
            if error.code in _NO_HEAD:
                return "reachable"
            mend = _MENDS.get(error.code, "try again later, or correct storageUri")
            raise StorageFailure(f"{shown} answers {error.code} {error.reason}; {mend}") from None
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise StorageFailure(
            f"{shown} cannot be reached: {reason}; check the host, the network and the proxy "
            "variables"
        ) from None


def find_pickles(uris: Iterable[str], *, source: str, claims: Path) -> list[Path]:
    """Model files of scikit-learn that are on this machine."""
    found: dict[Path, None] = {}
    for uri in uris:
        try:
            resolved = resolve_uri(uri, source=source or None)
            if is_remote(resolved):
                continue
            path = locate_model(resolved, claims=claims)
        except (StorageFailure, UnsupportedStorage):  # told by look_at_source
            continue
        files = [path] if path.is_file() else sorted(path.iterdir())
        found |= dict.fromkeys(each for each in files if each.suffix in _PICKLES)
    return list(found)


def read_pickles(paths: Sequence[Path]) -> list[PickleFacts]:
    """Asks the model server's own code, in the Python that serves models."""
    if not paths:
        return []
    done = subprocess.run(
        [sys.executable, "-m", "kfsim.modelserver.versions", *map(str, paths)],
        capture_output=True,
        check=False,
        timeout=60,
    )
    try:
        rows = json.loads(done.stdout)
    except ValueError:  # an installation in trouble, which `up` says better
        return []
    return [PickleFacts(row["path"], row["pickled"], row["installed"]) for row in rows]
