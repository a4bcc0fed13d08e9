"""A wall clock that was set back: what is kept is of a time that is yet to come.

Jumps while a daemon runs are in the random fault run (`kfsim.simulation.faults`); here the clock
jumped between two daemons, which is what the journal of the first shows the second.
"""

import datetime
import sqlite3
from pathlib import Path

from tests.live.tool import IMPATIENT, Kfsim
from tests.waiting import wait_until

_YEARS = 5


def move_to_the_future(path: Path) -> int:
    """All of this year's times in a journal, as if they had been written by a clock that is years
    ahead; returns how many objects hold some."""
    year = datetime.datetime.now(datetime.UTC).year
    this, then = (f'"{each}-'.encode() for each in (year, year + _YEARS))
    connection = sqlite3.connect(path)
    changed = 0
    for row, raw in connection.execute("SELECT rowid, raw FROM objects").fetchall():
        moved = bytes(raw).replace(this, then)
        changed += moved != raw
        connection.execute("UPDATE objects SET raw = ? WHERE rowid = ?", (moved, row))
    connection.commit()
    connection.close()
    return changed


def test_a_clock_that_was_set_back_stops_nothing(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.write("config.yaml", IMPATIENT)
    kfsim.service("iris", iris_model, extra="    minReplicas: 0\n")
    kfsim.up()
    assert kfsim.post("iris")[0] == 200
    kfsim.kill_daemon()
    wait_until(lambda: not kfsim.descendants(), what="its helpers are gone")
    assert move_to_the_future(kfsim.state / "journal.sqlite3") > 5
    kfsim.up()
    assert kfsim.post("iris")[0] == 200
    assert kfsim.run("get", "isvc", "--no-headers").rstrip().endswith("<invalid>")  # as kubectl
    wait_until(lambda: not kfsim.replica_pids(), timeout=60, what="it goes to sleep")
    assert kfsim.post("iris")[2]["kfsim-start"] == "cold"
    kfsim.service("iris", iris_model, extra="    minReplicas: 0\n    timeout: 77\n")
    kfsim.up()
    assert kfsim.post("iris")[2]["kfsim-revision"] == "iris-predictor-00002"
