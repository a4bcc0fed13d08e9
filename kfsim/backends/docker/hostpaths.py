"""hostPath volumes: a path of this host, where that is allowed.

The types and their texts are Kubernetes' (pkg/volume/hostpath/host_path.go). A path without a type
must exist: the engine would make a folder of root's where the manifest has a typing error.
"""

import os
import stat
from collections.abc import Callable

from kfsim.api.core import HostPathVolume
from kfsim.backends.docker.creation import Allowances
from kfsim.backends.failures import CREATE_ERROR, StartFailure

_CHECKS: dict[str, tuple[Callable[[int], bool], str]] = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "DirectoryOrCreate": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "FileOrCreate": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


def resolve_host_path(volume: str, given: HostPathVolume, allow: Allowances) -> str:
    """The path, checked and where its type says so created. Raises StartFailure."""
    path, kind = given.path, given.type or ""
    if not allow.host_path:
        raise StartFailure(
            CREATE_ERROR,
            f"volume {volume!r} is the hostPath {path}, which gives the container a part of this "
            "host; use another kind of volume, or start kfsim with --allow-host-path",
        )
    if not path.startswith("/") or ".." in path.split("/"):
        raise StartFailure(
            CREATE_ERROR, f"hostPath {path!r} of volume {volume!r} must be absolute, without '..'"
        )
    if kind and kind not in _CHECKS:
        raise StartFailure(
            CREATE_ERROR,
            f"hostPath type {kind!r} of volume {volume!r} is not known; known are "
            f"{', '.join(_CHECKS)}",
        )
    if not os.path.exists(path):
        _create(volume, path, kind)
    _check(path, kind)
    return path


def _create(volume: str, path: str, kind: str) -> None:
    if kind == "DirectoryOrCreate":
        os.makedirs(path, mode=0o755)
    elif kind == "FileOrCreate":
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    elif kind:
        raise StartFailure(
            CREATE_ERROR, f"hostPath type check failed: {path} is not {_CHECKS[kind][1]}"
        )
    else:
        raise StartFailure(
            CREATE_ERROR, f"hostPath {path} of volume {volume!r} does not exist; create it"
        )


def _check(path: str, kind: str) -> None:
    if kind:
        passes, what = _CHECKS[kind]
        if not passes(os.stat(path).st_mode):
            raise StartFailure(CREATE_ERROR, f"hostPath type check failed: {path} is not {what}")
