"""Every process that kfsim consists of, killed or stopped: it heals, and leaves nothing."""

import os
import signal
from pathlib import Path

from tests.live.tool import Kfsim
from tests.waiting import wait_until


def children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(each) for each in text.split()]


def helper(kfsim: Kfsim, module: str) -> int:
    """The pid of the daemon's helper process of that module."""
    found = [kfsim.daemon["pid"]]
    for pid in found:
        found.extend(children(pid))
    for pid in found:
        if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise LookupError(f"no process of {module} below {kfsim.daemon['pid']}")


def answers(kfsim: Kfsim, *, within: float = 5.0) -> bool:
    try:
        return kfsim.post("iris", timeout=within)[0] == 200
    except OSError:
        return False


def test_a_template_that_is_killed_is_replaced(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    template = helper(kfsim, "backends.process.template")
    os.kill(template, signal.SIGKILL)
    for pid in kfsim.replica_pids():
        os.kill(pid, signal.SIGKILL)  # its replacement needs a template
    wait_until(lambda: answers(kfsim), what="an answer of a replica of another template")
    assert helper(kfsim, "backends.process.template") != template


def test_a_supervisor_that_is_killed_leaves_no_orphan(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    before = kfsim.replica_pids()
    supervisor = helper(kfsim, "backends.process.supervisor")
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: not set(before) & set(kfsim.replica_pids()), what="its replicas are gone")
    wait_until(lambda: answers(kfsim), what="an answer below another supervisor")


def test_a_daemon_that_stood_still_goes_on(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    pid, replicas = kfsim.daemon["pid"], kfsim.replica_pids()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert not answers(kfsim, within=5.0)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: answers(kfsim), what="an answer after the pause")
    assert kfsim.replica_pids() == replicas
