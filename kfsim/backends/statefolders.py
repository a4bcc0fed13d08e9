"""The folders of a backend in the state directory."""

from pathlib import Path

from kfsim.base.errors import Unavailable


def make_folders(state_dir: Path, *folders: Path) -> None:
    """Make folders below the state directory, private to the user. Raises Unavailable."""
    try:
        for folder in folders:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"cannot use the state directory {state_dir}: {error.strerror or error}; make it "
            "writable, or choose another with --state-dir"
        ) from error
