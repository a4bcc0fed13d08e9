"""What was provided for a view, written beside it: a replica in a container outlives its daemon."""

import os
from pathlib import Path


def write_record(view: Path, folder: Path) -> None:
    """Note which folder stands for the view. Raises OSError."""
    record = _record_of(view)
    record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = record.with_suffix(".new")
    new.write_bytes(os.fsencode(folder))
    new.replace(record)


def erase_record(view: Path) -> None:
    """Forget the folder, because the view is about to be made anew. Raises OSError."""
    _record_of(view).unlink(missing_ok=True)


def read_record(view: Path) -> Path | None:
    """The folder that stands for the view, if it is still there."""
    try:
        folder = Path(os.fsdecode(_record_of(view).read_bytes()))
    except OSError:
        return None  # nothing was provided, or the replica's folder is gone
    return folder if folder.is_dir() else None


def _record_of(view: Path) -> Path:
    return view.with_name(f"{view.name}.provided")
