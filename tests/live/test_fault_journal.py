"""The journal: killed during commits, a full disk, a file of garbage."""

import json
import os
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.conftest import project
from tests.live.tool import Kfsim
from tests.waiting import wait_until


def create(kfsim: Kfsim, name: str, *, size: int = 0) -> tuple[int, str]:
    """POST a ConfigMap to the API: the status, and the message of a refusal."""
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"text": "x" * size},
    }
    request = urllib.request.Request(
        f"http://{kfsim.daemon['api']}/api/v1/namespaces/default/configmaps",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["message"]


def names(kfsim: Kfsim) -> set[str]:
    return {item["metadata"]["name"] for item in kfsim.objects("configmaps")}


def test_every_write_acknowledged_before_a_kill_is_there_afterwards(kfsim: Kfsim) -> None:
    kfsim.up()
    acknowledged: set[str] = set()
    stop = threading.Event()

    def write(writer: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                status, _ = create(kfsim, f"burst-{writer}-{number}", size=2000)
            except OSError:
                return  # the daemon is dead
            assert status == 201
            acknowledged.add(f"burst-{writer}-{number}")

    writers = [threading.Thread(target=write, args=(each,)) for each in range(4)]
    for each in writers:
        each.start()
    try:
        wait_until(lambda: len(acknowledged) > 200, what="a burst of writes")
        kfsim.kill_daemon()
    finally:
        stop.set()
        for each in writers:
            each.join()
    kfsim.up()
    assert acknowledged <= names(kfsim)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Kfsim]:
    """A project whose state directory lies on a file system of a few megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    state = folder / "state"
    state.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(state)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    try:
        with project(folder) as tool:
            yield tool
    finally:
        subprocess.run(["umount", "--lazy", str(state)], check=True)


def fill(path: Path) -> None:
    """Write until there is no space left."""
    with path.open("wb", buffering=0) as file:
        while shutil.disk_usage(path.parent).free >= 4096:
            file.write(b"x" * 4096)


def test_a_full_disk_refuses_writes_and_heals_once_there_is_space(small_disk: Kfsim) -> None:
    kfsim = small_disk
    kfsim.up()
    assert create(kfsim, "before")[0] == 201
    filling = kfsim.state / "filling"
    fill(filling)
    status, message = create(kfsim, "during", size=400_000)
    assert status >= 500
    assert str(kfsim.state) in message
    assert "space" in message
    assert {"before"} <= names(kfsim)  # reading goes on
    filling.unlink()
    wait_until(lambda: create(kfsim, "after")[0] in (201, 409), what="writes are taken again")
    kfsim.kill_daemon()
    kfsim.up()
    assert {"before", "after"} <= names(kfsim)


@pytest.mark.parametrize("content", [b"no database at all\n" * 300, os.urandom(8192)])
def test_a_journal_of_garbage_is_named_with_the_mend(kfsim: Kfsim, content: bytes) -> None:
    journal = kfsim.state / "journal.sqlite3"
    kfsim.up()
    kfsim.run("down")
    journal.write_bytes(content)
    done = kfsim.attempt("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0")
    assert done.returncode == 1
    assert f"the journal {journal} cannot be opened" in done.stdout
    assert f"mv {journal} {journal}.broken" in done.stdout
    assert "Traceback" not in done.stdout
    assert journal.read_bytes() == content  # nobody took it for empty
    journal.rename(f"{journal}.broken")
    kfsim.up()


def test_a_torn_tail_of_the_log_loses_nothing_that_was_whole(kfsim: Kfsim) -> None:
    kfsim.up()
    assert create(kfsim, "kept")[0] == 201
    kfsim.kill_daemon()
    log = kfsim.state / "journal.sqlite3-wal"
    with log.open("ab") as file:
        file.write(os.urandom(5000))
    kfsim.up()
    assert "kept" in names(kfsim)


def test_a_daemon_file_of_garbage_is_no_daemon(kfsim: Kfsim) -> None:
    kfsim.state.mkdir()
    for content in (b"[1]", b"\xff garbage"):
        (kfsim.state / "daemon.json").write_bytes(content)
        printed = kfsim.run("get", "isvc", check=False)
        assert "Traceback" not in printed
        kfsim.up()
        assert create(kfsim, "alive")[0] in (201, 409)
        kfsim.run("down")
