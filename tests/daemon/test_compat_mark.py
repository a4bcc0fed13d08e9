"""A project's objects stay with the mode they were made in."""

from pathlib import Path

import pytest

from kfsim.api.compat import Compat
from kfsim.base.errors import Conflict
from kfsim.daemon.compat_mark import mark_compat


def test_the_other_mode_wants_a_fresh_start(tmp_path: Path) -> None:
    mark_compat(tmp_path, Compat.KFSERVING, has_objects=False)
    mark_compat(tmp_path, Compat.KFSERVING, has_objects=True)
    with pytest.raises(Conflict, match=r"--compat kfserving, and --compat kserve .*--fresh"):
        mark_compat(tmp_path, Compat.KSERVE, has_objects=True)
    mark_compat(tmp_path, Compat.KSERVE, has_objects=False)
    mark_compat(tmp_path, Compat.KSERVE, has_objects=True)


def test_a_state_from_before_the_mark_is_current(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="made with --compat kserve"):
        mark_compat(tmp_path, Compat.KFSERVING, has_objects=True)
