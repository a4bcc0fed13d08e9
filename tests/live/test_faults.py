"""Bad input and faults: a clear error that names the thing and the mend, or recovery."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kfsim.daemon.settings import DaemonSettings
from tests.live.tool import Kfsim
from tests.waiting import wait_until


def test_malformed_yaml_names_its_line_and_stops_nothing_else(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.service("iris", iris_model)
    kfsim.write("broken.yaml", "kind: [unclosed\nname: x\n")
    done = kfsim.attempt("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0")
    assert done.returncode == 1
    assert "broken.yaml:2:" in done.stdout
    assert "not valid YAML" in done.stdout
    assert kfsim.post("iris")[0] == 200


def test_an_unknown_field_is_named_and_stops_nothing_else(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.service("typo", iris_model, extra="    minReplica: 1\n")
    done = kfsim.attempt("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0")
    assert done.returncode == 1
    assert "typo.yaml:1" in done.stdout
    assert 'unknown field "spec.predictor.minReplica"' in done.stdout
    assert 'did you mean "minReplicas"?' in done.stdout
    assert kfsim.post("iris")[0] == 200


def test_a_missing_model_is_named_with_its_path(kfsim: Kfsim, tmp_path: Path) -> None:
    kfsim.service("lost", tmp_path / "nowhere")
    done = kfsim.attempt("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", "--timeout=20s")
    assert done.returncode == 1
    assert str(tmp_path / "nowhere") in done.stdout
    failure = kfsim.object("isvc", "lost")["status"]["modelStatus"]["lastFailureInfo"]
    assert failure["reason"] == "ModelLoadFailed"
    assert str(tmp_path / "nowhere") in failure["message"]
    assert str(tmp_path / "nowhere") in kfsim.run("why", "lost")


def test_a_truncated_model_is_named_with_its_file(
    kfsim: Kfsim, iris_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "half"
    folder.mkdir()
    whole = (iris_model / "model.joblib").read_bytes()
    (folder / "model.joblib").write_bytes(whole[: len(whole) // 2])
    kfsim.service("half", folder)
    done = kfsim.attempt("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", "--timeout=30s")
    assert done.returncode == 1
    status = kfsim.object("isvc", "half")["status"]["modelStatus"]
    assert status["states"]["targetModelState"] == "FailedToLoad"
    assert "model.joblib" in status["lastFailureInfo"]["message"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{not json", "Unrecognized request format"),
        (b"[1, 2]", "instances"),
        (b'{"instances": 3}', "instances"),
        (b'{"instances": [[1, 2]]}', "feature"),
    ],
    ids=["not JSON", "not an object", "instances is no list", "wrong shape"],
)
def test_a_bad_body_gets_kserves_error_body(shared: Kfsim, raw: bytes, words: str) -> None:
    status, answer, _ = shared.post("iris", raw=raw)
    assert status in (400, 500)
    assert words in answer["error"]


def test_an_unknown_host_is_answered_with_the_known_ones(shared: Kfsim) -> None:
    status, answer, _ = shared.post("nobody")
    assert status == 404
    assert "iris.default" in str(answer)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, iris_model: Path) -> Iterator[Kfsim]:
    tool = Kfsim(tmp_path_factory.mktemp("shared"))
    tool.manifests.mkdir()
    tool.service("iris", iris_model)
    tool.up()
    yield tool
    tool.run("down")


def test_an_explicit_port_in_use_is_an_error(kfsim: Kfsim) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = kfsim.attempt("up", "-d", f"--gateway={address}", "--api=127.0.0.1:0")
    assert done.returncode == 1
    assert f"the gateway cannot listen on {address}" in done.stdout
    assert "--gateway" in done.stdout


def test_a_defaulted_port_in_use_moves_and_says_so(kfsim: Kfsim) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
        except OSError:
            pass  # somebody else holds it: as good for this test
        printed = kfsim.run("up", "-d", "--api=127.0.0.1:0")
    assert "port 8080 is in use" in printed
    assert not kfsim.daemon["gateway"].endswith(":8080")


def test_a_port_that_is_no_loopback_is_refused(kfsim: Kfsim) -> None:
    done = kfsim.attempt("up", "-d", "--gateway=0.0.0.0:0", "--api=127.0.0.1:0")
    assert done.returncode == 1
    assert "loopback" in done.stdout


def test_an_unusable_state_directory_is_named(kfsim: Kfsim) -> None:
    (kfsim.folder / "file").write_text("")
    done = kfsim.attempt("up", "-d", "--state-dir", str(kfsim.folder / "file/below"))
    assert done.returncode == 1
    assert "cannot use the state directory" in done.stdout
    assert "--state-dir" in done.stdout


def test_a_second_daemon_on_one_project_is_refused_and_up_becomes_a_client(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.up()
    pid = kfsim.daemon["pid"]
    settings = DaemonSettings(project="x", root="", state_dir=kfsim.state)
    done = subprocess.run(
        settings.command(), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert f"pid {pid}" in done.stdout
    kfsim.service("iris", iris_model)
    assert f"(pid {pid})" in kfsim.up()
    assert kfsim.post("iris")[0] == 200


def test_a_running_daemon_keeps_what_it_was_started_with_and_says_so(kfsim: Kfsim) -> None:
    kfsim.up("--runtime=process", "--allow-host-path")
    assert "it keeps" not in kfsim.up("--runtime=process", "--allow-host-path")
    assert "it keeps" not in kfsim.up()
    text = "it keeps --runtime process, and --runtime docker is asked for"
    assert text in kfsim.up("--runtime=docker")
    text = "it was started without --allow-privileged"
    assert text in kfsim.up("--allow-privileged", "--allow-host-path")


def test_a_replica_killed_under_load_is_replaced(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses.append(kfsim.post("iris")[0])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(statuses) > 50, what="some answers")
        for pid in kfsim.replica_pids():
            os.kill(pid, signal.SIGKILL)
        before = len(statuses)
        wait_until(
            lambda: statuses[before:].count(200) > 50, timeout=60, what="answers after the kill"
        )
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    # At most the requests in flight when it died may see the failure.
    assert sum(status != 200 for status in statuses) <= len(threads)
    pod = kfsim.object("pods")
    restarts = [each.get("restartCount", 0) for each in pod["status"]["containerStatuses"]]
    assert max(restarts) == 1


def test_kill_9_of_the_daemon_under_load_loses_nothing_and_leaves_no_orphan(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    kfsim.service("iris", iris_model, extra="    canaryTrafficPercent: 40\n    timeout: 99\n")
    kfsim.up()
    before = {kind: _names(kfsim, kind) for kind in ("isvc", "revisions", "ksvc", "kpa")}
    traffic = kfsim.object("isvc", "iris")["status"]["components"]["predictor"]["traffic"]
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                kfsim.post("iris", timeout=5)
            except OSError:
                time.sleep(0.01)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        replicas = kfsim.replica_pids()
        assert len(replicas) >= 2
        os.kill(kfsim.daemon["pid"], signal.SIGKILL)
        wait_until(lambda: not kfsim.replica_pids(), timeout=15, what="no orphan is left")
        wait_until(lambda: not kfsim.descendants(), timeout=15, what="no helper is left")
        kfsim.up()
    finally:
        stop.set()
        thread.join()
    assert {kind: _names(kfsim, kind) for kind in before} == before
    after = kfsim.object("isvc", "iris")["status"]["components"]["predictor"]["traffic"]
    assert [_share(each) for each in after] == [_share(each) for each in traffic]
    wait_until(lambda: kfsim.post("iris")[0] == 200, what="an answer after the restart")


def _names(kfsim: Kfsim, kind: str) -> list[tuple[str, str]]:
    return [(item["metadata"]["name"], item["metadata"]["uid"]) for item in kfsim.objects(kind)]


def _share(target: dict[str, object]) -> tuple[object, object]:
    return target["revisionName"], target["percent"]


def test_a_daemon_that_dies_is_noticed_in_the_foreground(kfsim: Kfsim) -> None:
    process = kfsim.start("up", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0")
    assert process.stdout is not None
    for line in process.stdout:
        if "watching for changes" in line:
            break
    os.kill(kfsim.daemon["pid"], signal.SIGKILL)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the daemon ended unexpectedly" in rest


def test_a_foreground_that_is_killed_takes_its_daemon_along(kfsim: Kfsim) -> None:
    process = kfsim.start("up", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0")
    assert process.stdout is not None
    for line in process.stdout:
        if "watching for changes" in line:
            break
    process.kill()
    process.communicate()
    wait_until(lambda: not kfsim.descendants(), timeout=20, what="the daemon stopped")
