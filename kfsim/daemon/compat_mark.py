"""Which mode a project's stored objects were made in.

Objects are stored as their mode's webhook defaulted them, and their children carry its names: a
daemon in the other mode could not take them up. So the mode is written beside the journal, and
another one wants a fresh start.
"""

from pathlib import Path

from kfsim.api.compat import Compat
from kfsim.base.errors import Conflict
from kfsim.daemon.project import replace_file

MARK = "compat"


def mark_compat(state_dir: Path, compat: Compat, *, has_objects: bool) -> None:
    """Note the mode. Raises Conflict where there are objects of the other one, Unavailable
    where the disk takes nothing."""
    mark = state_dir / MARK
    written = mark.read_text(encoding="utf-8").strip() if mark.exists() else ""
    kept = written or str(Compat.KSERVE)
    if has_objects and kept != compat:
        raise Conflict(
            f"the project's objects were made with --compat {kept}, and --compat {compat} is "
            f"asked for; start empty with --fresh, or keep --compat {kept}"
        )
    if written != compat:
        replace_file(mark, f"{compat}\n")
