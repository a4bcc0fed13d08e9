import signal
from pathlib import Path

import pytest

from kfsim.base.errors import Unavailable
from kfsim.cli.startup import PendingDaemon, describe_end
from kfsim.daemon.project import log_path
from kfsim.daemon.settings import DaemonSettings


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "it ended with code 3"),
        (-9, "it was ended by SIGKILL"),
        (-99, "it was ended by signal 99"),
    ],
)
def test_an_end_is_told_in_words(code: int, words: str) -> None:
    assert describe_end(code) == words


@pytest.mark.live
def test_the_last_words_are_of_this_start_and_of_no_earlier_one(tmp_path: Path) -> None:
    log = log_path(tmp_path)
    log.parent.mkdir()
    log.write_text("words of an earlier daemon\n")
    pending = PendingDaemon(DaemonSettings(project="x", root="", state_dir=tmp_path))
    pending.process.send_signal(signal.SIGKILL)
    with pytest.raises(Unavailable) as raised:
        pending.wait()
    assert pending.process.stdout is not None
    pending.process.stdout.close()
    assert "the daemon did not start: it was ended by SIGKILL; " in raised.value.message
    assert "earlier" not in raised.value.message
