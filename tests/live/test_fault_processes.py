"""What befalls a daemon and the command line that started it, as signals and closed pipes."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live.asking import asking
from tests.live.tool import IMPATIENT, Kfsim
from tests.waiting import wait_until

ADDRESSES = ("--gateway=127.0.0.1:0", "--api=127.0.0.1:0")
DAEMON = b"kfsim.daemon"


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """The line with these words."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return line
    pytest.fail(f"the output ended without {words!r}")


def daemon_pids(kfsim: Kfsim) -> list[int]:
    """The daemon's process, also before it wrote daemon.json."""

    def is_daemon(pid: int) -> bool:
        try:
            return DAEMON in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False

    return [pid for pid in kfsim.descendants() if is_daemon(pid)]


def wait_until_nothing_runs(kfsim: Kfsim) -> None:
    wait_until(
        lambda: not (kfsim.descendants() or kfsim.replica_pids()), timeout=30, what="nothing runs"
    )


def test_kill_9_while_services_start_leaves_nothing_and_the_next_up_finishes(
    kfsim: Kfsim, iris_model: Path
) -> None:
    names = ("one", "two", "three")
    for name in names:
        kfsim.service(name, iris_model)
    process = kfsim.start("up", "-d", *ADDRESSES)
    wait_until(kfsim.replica_pids, what="a replica that starts")
    kfsim.kill_daemon()
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in printed
    wait_until_nothing_runs(kfsim)
    kfsim.up()
    assert [kfsim.post(name)[0] for name in names] == [200, 200, 200]


def test_a_daemon_told_to_end_while_it_starts_says_so_and_leaves_nothing(kfsim: Kfsim) -> None:
    process = kfsim.start("up", "-d", *ADDRESSES)
    (pid,) = wait_until(lambda: daemon_pids(kfsim), what="the daemon's process")
    os.kill(pid, signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert "Traceback" not in printed
    if process.returncode:
        assert "Error: " in printed
    wait_until_nothing_runs(kfsim)
    kfsim.up()


def test_a_stopped_daemon_goes_on_with_the_same_replicas_and_clients(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.write("config.yaml", IMPATIENT)
    kfsim.service("iris", iris_model, extra="    minReplicas: 2\n")
    kfsim.up()
    replicas = set(wait_until(lambda: _of_two(kfsim), what="two replicas"))
    with asking(kfsim, "iris") as statuses:
        os.kill(kfsim.daemon["pid"], signal.SIGSTOP)
        time.sleep(7)  # longer than the stable window, and than probes wait
        os.kill(kfsim.daemon["pid"], signal.SIGCONT)
        before = len(statuses)
        wait_until(lambda: len(statuses) > before + 50, what="answers after it went on")
    assert set(statuses) == {200}
    assert set(kfsim.replica_pids()) == replicas
    pods = kfsim.objects("pods")
    assert [_restarts(pod) for pod in pods] == [0, 0]


def _of_two(kfsim: Kfsim) -> list[int]:
    pids = kfsim.replica_pids()
    return pids if len(pids) == 2 else []


def _restarts(pod: dict[str, dict[str, list[dict[str, int]]]]) -> int:
    return sum(each["restartCount"] for each in pod["status"]["containerStatuses"])


def test_ctrl_c_twice_stops_everything_all_the_same(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    process = kfsim.start("up", *ADDRESSES)
    read_until(process, "watching for changes")
    process.send_signal(signal.SIGINT)
    read_until(process, "stopping: draining requests")
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert "Traceback" not in printed
    wait_until_nothing_runs(kfsim)


def test_ctrl_c_before_the_services_are_ready_stops_everything(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.service("iris", iris_model)
    process = kfsim.start("up", *ADDRESSES)
    read_until(process, "iris created")
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert "Traceback" not in printed
    assert "stopped" in printed
    wait_until_nothing_runs(kfsim)


def test_a_reader_that_has_seen_enough_ends_a_foreground_up_quietly(kfsim: Kfsim) -> None:
    """`kfsim up | head -1`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kfsim", "up", *ADDRESSES],
        cwd=kfsim.folder,
        env=kfsim.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    kfsim.processes.append(process)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("gateway http://")
    process.stdout.close()
    kfsim.write("later.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: later}}\n")
    assert process.wait(60) == 0
    assert process.stderr.read() == ""
    process.stderr.close()
    kfsim.processes.remove(process)
    wait_until_nothing_runs(kfsim)


@pytest.mark.parametrize(
    "closed", ["</dev/null", "<&- >&- 2>&-"], ids=["no input", "no stream at all"]
)
def test_up_runs_without_standard_streams(kfsim: Kfsim, closed: str) -> None:
    """As from cron, or from a script that closes what it does not use."""
    command = f"exec {sys.executable} -m kfsim up {' '.join(ADDRESSES)} {closed}"
    process = subprocess.Popen(
        ["sh", "-c", command], cwd=kfsim.folder, env=kfsim.environment, stdout=subprocess.DEVNULL
    )
    wait_until(lambda: (kfsim.state / "daemon.json").exists(), what="it runs")
    kfsim.write("later.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: later}}\n")
    wait_until(lambda: "later" in kfsim.run("get", "configmaps"), what="the change is applied")
    assert process.poll() is None
    process.terminate()
    process.wait(60)
    wait_until_nothing_runs(kfsim)


def helper(kfsim: Kfsim, name: str) -> int:
    """The pid of the daemon's supervisor or template, by what `ps` shows of it."""
    below = _children(kfsim.daemon["pid"])
    found = [pid for parent in below for pid in (parent, *_children(parent)) if _name(pid) == name]
    return found[0] if found else 0


def _children(pid: int) -> list[int]:
    try:
        texts = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(each) for text in texts for each in text.split()]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def test_a_killed_supervisor_is_replaced_with_its_replicas(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    replicas = kfsim.replica_pids()
    supervisor = wait_until(lambda: helper(kfsim, "kfsim-supervise"), what="the supervisor")
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: not set(replicas) & set(kfsim.replica_pids()), what="its replicas' end")
    assert kfsim.post("iris")[0] == 200
    assert helper(kfsim, "kfsim-supervise") not in (0, supervisor)


def test_a_killed_template_costs_nothing_and_is_replaced(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    replicas = kfsim.replica_pids()
    template = wait_until(lambda: helper(kfsim, "kfsim-template"), what="the template")
    with asking(kfsim, "iris") as statuses:
        os.kill(template, signal.SIGKILL)
        kfsim.service("second", iris_model)
        kfsim.up()
        assert kfsim.post("second")[0] == 200
    assert set(statuses) == {200}
    assert set(replicas) <= set(kfsim.replica_pids())
    wait_until(lambda: helper(kfsim, "kfsim-template") not in (0, template), what="a template")


def test_a_replica_that_stands_still_is_killed_and_replaced(kfsim: Kfsim, iris_model: Path) -> None:
    path = kfsim.service("iris", iris_model)
    # The Pod's own grace period is KServe's 300 s, and what stands still does not hear SIGTERM.
    path.write_text(
        f"{path.read_text()}      livenessProbe:\n        httpGet: {{path: /v1/models/iris}}\n"
        "        periodSeconds: 1\n        failureThreshold: 2\n"
        "        terminationGracePeriodSeconds: 1\n"
    )
    kfsim.up()
    (replica,) = kfsim.replica_pids()
    os.kill(replica, signal.SIGSTOP)
    wait_until(
        lambda: replica not in kfsim.replica_pids(), timeout=90, what="the end of what stood still"
    )
    assert kfsim.post("iris")[0] == 200
    (pod,) = kfsim.objects("pods")
    assert _restarts(pod) == 1
    assert re.search(r"Liveness probe failed", kfsim.run("events"))
