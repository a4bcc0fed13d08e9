"""What befalls a project's state directory: full disks, damage, kills; nothing that was
acknowledged is lost, and the message names the mend."""

import json
import os
import signal
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.disks import Disk, small_disk
from tests.live.tool import Kfsim
from tests.waiting import wait_until

ADDRESSES = ("--gateway=127.0.0.1:0", "--api=127.0.0.1:0")
JOURNAL = "journal.sqlite3"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """What the project's state is on. Named before `kfsim`, which ends first then."""
    with small_disk(tmp_path / "state") as disk:
        yield disk


def create(kfsim: Kfsim, name: str, value: str = "") -> tuple[int, dict[str, Any]]:
    """POST a ConfigMap, as an SDK does; status and answer."""
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"value": value},
    }
    request = urllib.request.Request(
        f"http://{kfsim.daemon['api']}/api/v1/namespaces/default/configmaps",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def config_maps(kfsim: Kfsim) -> set[str]:
    return {each["metadata"]["name"] for each in kfsim.objects("configmaps")}


def test_a_full_disk_refuses_writes_by_name_and_loses_nothing(
    disk: Disk, kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    assert create(kfsim, "before")[0] == 201
    disk.fill()
    accepted = {"before"}
    # The log of the database may have some room left in pages that it has already.
    for number in range(200):
        status, answer = create(kfsim, f"during-{number}", "v" * 20_000)
        if status != 201:
            break
        accepted.add(f"during-{number}")
    assert (status, answer["reason"]) == (503, "ServiceUnavailable")
    assert f"the disk of {kfsim.state} is full" in answer["message"]
    assert "free some space there" in answer["message"]
    assert kfsim.post("iris")[0] == 200
    kfsim.service("second", iris_model)
    done = kfsim.attempt("up", "-d", "--no-wait")
    assert done.returncode == 1
    assert f"the disk of {kfsim.state} is full" in done.stdout
    disk.empty()
    wait_until(lambda: create(kfsim, f"after-{os.urandom(4).hex()}")[0] == 201, what="a write")
    kfsim.up()
    assert kfsim.post("second")[0] == 200
    kfsim.kill_daemon()
    kfsim.up()
    assert accepted <= config_maps(kfsim)
    assert kfsim.post("iris")[0] == 200


def test_a_disk_that_is_full_at_the_start_is_named_and_keeps_what_it_holds(
    disk: Disk, kfsim: Kfsim
) -> None:
    kfsim.up()
    assert create(kfsim, "kept")[0] == 201
    kfsim.run("down")
    disk.fill()
    done = kfsim.attempt("up", "-d", *ADDRESSES)
    assert done.returncode == 1
    assert f"the disk of {kfsim.state} is full" in done.stdout
    assert "Traceback" not in done.stdout
    assert not kfsim.descendants()
    disk.empty()
    kfsim.up()
    assert "kept" in config_maps(kfsim)


def test_a_state_directory_that_became_read_only_is_named(disk: Disk, kfsim: Kfsim) -> None:
    kfsim.up()
    assert create(kfsim, "kept")[0] == 201
    kfsim.run("down")
    disk.set_writable(False)
    done = kfsim.attempt("up", "-d", *ADDRESSES)
    assert done.returncode == 1
    assert f"cannot use the state directory {kfsim.state}: " in done.stdout
    assert "make it writable, or choose another with --state-dir" in done.stdout
    disk.set_writable(True)
    kfsim.up()
    assert "kept" in config_maps(kfsim)


def test_kill_9_amid_a_burst_of_writes_loses_nothing_acknowledged(kfsim: Kfsim) -> None:
    kfsim.up()
    accepted: list[str] = []

    def write(worker: int) -> None:
        for number in range(100_000):
            try:
                status, _ = create(kfsim, f"w{worker}-{number}", "v" * 500)
            except (OSError, ValueError):  # killed
                return
            assert status == 201
            accepted.append(f"w{worker}-{number}")

    for _ in range(2):
        wanted = len(accepted) + 200
        pid = kfsim.daemon["pid"]
        offset = len(accepted)  # names of their own each time
        workers = [threading.Thread(target=write, args=(offset + number,)) for number in range(4)]
        for worker in workers:
            worker.start()
        wait_until(lambda wanted=wanted: len(accepted) > wanted, what="a burst of writes")
        os.kill(pid, signal.SIGKILL)
        for worker in workers:
            worker.join()
        kfsim.up()
        assert set(accepted) <= config_maps(kfsim)


def test_a_damaged_journal_is_set_aside_and_the_manifests_come_up(kfsim: Kfsim) -> None:
    kfsim.write("one.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n")
    kfsim.up()
    for number in range(20):
        create(kfsim, f"other-{number}", "v" * 2000)
    kfsim.run("down")
    path = kfsim.state / JOURNAL
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    broken = path.read_bytes()
    printed = kfsim.up()
    assert f"the journal {path} is damaged: " in printed
    assert f"kept aside as {path}-damaged-1" in printed
    assert "must be applied again" in printed
    assert path.with_name(f"{JOURNAL}-damaged-1").read_bytes() == broken
    found = config_maps(kfsim)
    assert "one" in found
    assert "other-0" not in found


def test_a_journal_of_a_newer_version_waits_for_that_version(kfsim: Kfsim) -> None:
    kfsim.up()
    assert create(kfsim, "kept")[0] == 201
    kfsim.run("down")
    path = kfsim.state / JOURNAL
    set_layout(path, 9)
    done = kfsim.attempt("up", "-d", *ADDRESSES)
    assert done.returncode == 1
    assert f"the journal {path} was written by a newer kfsim" in done.stdout
    assert "`kfsim up --fresh`, which keeps this journal aside" in done.stdout
    assert f"kept aside as {path}-newer-1" in kfsim.up("--fresh")
    assert "kept" not in config_maps(kfsim)
    kfsim.run("down")
    path.with_name(f"{JOURNAL}-newer-1").replace(path)
    set_layout(path, 1)
    kfsim.up()
    assert "kept" in config_maps(kfsim)


def set_layout(path: Path, layout: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {layout}")
    connection.close()


def test_what_a_killed_daemon_leaves_in_the_way_is_no_hindrance(kfsim: Kfsim) -> None:
    kfsim.up()
    assert create(kfsim, "kept")[0] == 201
    kfsim.kill_daemon()
    wait_until(lambda: not kfsim.descendants(), what="its helpers are gone")
    log = kfsim.state / f"{JOURNAL}-wal"
    assert log.stat().st_size  # not yet in the file itself
    with log.open("ab") as file:
        file.write(os.urandom(5000))  # a commit that was never finished
    (kfsim.state / f"{JOURNAL}-shm").write_bytes(os.urandom(32768))
    (kfsim.state / "daemon.json").write_text("{torn")
    (kfsim.state / "daemon.json.new").write_text("{torn")
    # The lock is of the dead process: the file stays, and holds nobody back.
    assert (kfsim.state / "lock").exists()
    assert kfsim.attempt("get", "configmaps").returncode == 1
    kfsim.up()
    assert "kept" in config_maps(kfsim)


def test_a_daemon_json_that_turns_to_garbage_names_the_daemon_and_the_mend(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    path, pid = kfsim.state / "daemon.json", kfsim.daemon["pid"]
    sound = path.read_text()
    path.write_text('{"pid": ')
    for command in (("get", "configmaps"), ("down",)):
        done = kfsim.attempt(*command)
        assert done.returncode == 1
        assert f"(pid {pid}), but {path}, which tells its addresses, cannot be read" in done.stdout
        assert f"end it (kill {pid}) and `kfsim up`" in done.stdout
    path.write_text(sound)
    assert kfsim.post("iris")[0] == 200
    path.write_text('{"pid": ')
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not kfsim.descendants(), what="the daemon's end")
    kfsim.up()
    assert kfsim.post("iris")[0] == 200
