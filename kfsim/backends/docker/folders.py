"""The folders of replicas below the state directory: volumes, termination messages."""

import logging
import shutil
from pathlib import Path

from kfsim.base.types import ReplicaKey

_logger = logging.getLogger(__name__)


def folder_name(key: ReplicaKey) -> str:
    """The folder of a replica. Neither part can have an underscore."""
    return f"{key.namespace}_{key.name}"


def remove_folder(folder: Path) -> None:
    """Remove it with all that containers wrote there. In a thread."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        # An emptyDir holds what a container wrote as root, and the daemon may be somebody else.
        _logger.warning(
            "cannot remove %s, which a container filled as another user; remove it with "
            "`sudo rm -r`, or give the container a securityContext.runAsUser",
            folder,
        )
