"""A kubeconfig for a daemon's API: one context, `kfsim`, and no credentials, as none are asked."""

import os
from pathlib import Path
from typing import Any, Final

import yaml

from kfsim.base.errors import Unavailable

NAME: Final = "kfsim"
"""The context's name, its cluster's and its user's."""


def make_kubeconfig(api: str) -> dict[str, Any]:
    """For an API at HOST:PORT."""
    context = {"cluster": NAME, "user": NAME, "namespace": "default"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [{"name": NAME, "cluster": {"server": f"http://{api}"}}],
        "users": [{"name": NAME, "user": {}}],
        "contexts": [{"name": NAME, "context": context}],
        "current-context": NAME,
    }


def write_kubeconfig(folder: Path, api: str) -> Path:
    """Write `kubeconfig` into the state directory, whole or not at all, readable by its owner.

    Raises Unavailable when the folder is not usable here.
    """
    path = folder / "kubeconfig"
    if os.pathsep in str(path):
        raise Unavailable(
            f"cannot name {path} in KUBECONFIG: it is a list separated by {os.pathsep!r}, which "
            "the path contains; start the daemon with another --state-dir"
        )
    draft = folder / f"kubeconfig.{os.getpid()}.new"
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yaml.safe_dump(make_kubeconfig(api), file, sort_keys=False)
        draft.replace(path)
    except OSError as error:
        raise Unavailable(
            f"cannot write {path} for the daemon at http://{api}: {error.strerror or error}; its "
            "state directory must be on this machine and writable by you"
        ) from error
    return path
