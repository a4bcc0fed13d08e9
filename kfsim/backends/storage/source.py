"""From a storageUri to a folder that holds the model.

`file://` URIs and absolute paths name files of this host; `pvc://CLAIM/PATH` a path below the
claim's folder. A single file gets a folder of its own with a link to it, because servers expect a
folder. A source without any file is an error: KServe's initializer has let that pass (kserve#849),
and the server's complaint about it helps nobody.
"""

import os
from pathlib import Path
from urllib.parse import unquote

WORKING = "file:///absolute/path, /absolute/path and pvc://claim/path"
# Files are counted only far enough to know that there is one.
_LOOKED_AT = 10_000


class StorageFailure(Exception):
    """Why a model cannot be provided."""


def locate_model(uri: str, *, claims: Path, view: Path) -> Path:
    """The folder with the model's files. `claims` holds a folder per claim of the Pod's namespace;
    `view` is a folder to make where the source is a single file. Raises StorageFailure."""
    path = _resolve_path(uri, claims)
    problem = f"cannot provide the model {uri}: "
    try:
        return _checked(path, view)
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
        f"cannot provide the model {uri}: {scheme}:// is not supported yet; what works now: "
        f"{WORKING}; fetch the model to a local folder and point storageUri at it"
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


def _checked(path: Path, view: Path) -> Path:
    if path.is_file():
        with path.open("rb"):  # readable?
            pass
        view.mkdir(mode=0o700, parents=True, exist_ok=True)
        link = view / path.name
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
        return view
    if not _has_file(path):
        raise _NoFiles
    return path


def _has_file(folder: Path) -> bool:
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
