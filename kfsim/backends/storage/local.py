"""From a storageUri to the folder or file of this host that it names.

`file://` URIs and absolute paths name files of this host; `pvc://CLAIM/PATH` a path below the
claim's folder. A source without any file is an error: KServe's initializer has let that pass
(kserve#849), and the server's complaint about it helps nobody.
"""

import itertools
import os
from pathlib import Path
from urllib.parse import unquote

from kfsim.backends.storage.failures import StorageFailure, cannot_provide
from kfsim.backends.storage.forms import packed_kind

WORKING = "http(s)://host/path, file:///absolute/path, /absolute/path and pvc://claim/path"
_REMOTE = ("http", "https")
# Files are counted only far enough to know that there is one.
_LOOKED_AT = 10_000


def is_remote(uri: str) -> bool:
    """Whether the model must be fetched."""
    return uri.partition("://")[0].lower() in _REMOTE and "://" in uri


def locate_model(uri: str, *, claims: Path) -> Path:
    """The folder with the model's files, or the file that is the model. `claims` holds a folder per
    claim of the Pod's namespace. Raises StorageFailure."""
    path = _resolve_path(uri, claims)
    problem = f"cannot provide the model {uri}: "
    try:
        return _checked(path)
    except FileNotFoundError as error:
        raise StorageFailure(
            f"{problem}{error.filename or path} does not exist{_nearest(path)}; correct storageUri "
            "or put the model there"
        ) from error
    except PermissionError as error:
        raise StorageFailure(
            f"{problem}{error.filename or path} cannot be read: permission denied; make it "
            "readable for the user who runs kfsim"
        ) from error
    except OSError as error:
        raise StorageFailure(f"{problem}{path}: {error.strerror or error}") from error
    except _NoFiles as error:
        raise StorageFailure(
            f"{problem}{path} holds no files; put the model there or correct storageUri"
        ) from error


class _NoFiles(Exception):
    """A folder without files."""


def _resolve_path(uri: str, claims: Path) -> Path:
    scheme, separator, rest = uri.partition("://")
    if not separator:
        if not uri.startswith("/"):
            raise StorageFailure(
                f"cannot provide the model {uri!r}: a storageUri without a scheme must be an "
                f"absolute path; what works now: {WORKING}"
            )
        return Path(uri)
    if scheme == "file":
        host, slash, path = rest.partition("/")
        if host not in ("", "localhost") or not slash:
            raise StorageFailure(
                f"cannot provide the model {uri}: file:// takes an absolute path on this host, "
                f"written with three slashes (file:///{rest})"
            )
        return Path("/" + unquote(path))
    if scheme == "pvc":
        return _claim_path(uri, rest, claims)
    raise StorageFailure(
        f"{cannot_provide(uri)}: {scheme}:// is not supported yet; what works now: {WORKING}; "
        "fetch the model to a local folder and point storageUri at it, or leave the manifest as it "
        f"is and say what stands in: kfsim up --map {scheme}://BUCKET=FOLDER, or in kfsim.yaml "
        f"uris: {{{uri}: ./model}}"
    )


def _claim_path(uri: str, rest: str, claims: Path) -> Path:
    claim, _, path = rest.partition("/")
    folder = claims / claim
    if claim in ("", ".", "..") or not folder.is_dir():
        raise StorageFailure(
            f'cannot provide the model {uri}: persistentvolumeclaim "{claim}" not found; a claim '
            f"is the folder {folder}: create it, or make it a symbolic link to where the data is"
        )
    if ".." in path.split("/"):
        raise StorageFailure(f"cannot provide the model {uri}: the path leaves its claim")
    return folder.resolve() / path


def _checked(path: Path) -> Path:
    if path.is_file():
        with path.open("rb"):  # readable?
            return path
    if not has_file(path):
        raise _NoFiles
    return path


def find_packed(located: Path) -> Path | None:
    """The archive that a source consists of, which is unpacked then as KServe's `_download_local`
    does (kserve_storage.py). Raises OSError."""
    if located.is_dir():
        with os.scandir(located) as entries:
            shown = (each.name for each in entries if not each.name.startswith("."))
            names = list(itertools.islice(shown, 2))
        if len(names) != 1:
            return None
        located = located / names[0]
    return located if packed_kind(located.name) and located.is_file() else None


def has_file(folder: Path) -> bool:
    """Whether any file is below the folder; raises OSError for what cannot be read."""
    waiting = [os.fspath(folder)]
    looked_at = 0
    while waiting and looked_at < _LOOKED_AT:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                looked_at += 1
                if entry.is_file():
                    return True
                if entry.is_dir():
                    waiting.append(entry.path)
    return looked_at >= _LOOKED_AT


def _nearest(path: Path) -> str:
    """What does exist above a missing path, with its first entries: a typo shows at once."""
    parent = path.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    try:
        entries = sorted(os.listdir(parent))
    except OSError:
        return ""
    shown = ", ".join(entries[:6]) + (", …" if len(entries) > 6 else "")
    return f" ({parent} holds {shown or 'nothing'})"
