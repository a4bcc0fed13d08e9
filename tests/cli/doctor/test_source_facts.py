"""Looking at models on this machine and behind URLs."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import joblib
import pytest
import sklearn
from sklearn.svm import SVC

from kfsim.cli.doctor.source_facts import find_pickles, look_at_source, read_pickles
from kfsim.cli.doctor.sources import SourceFacts


class Answers(BaseHTTPRequestHandler):
    """HEAD of /STATUS/model.joblib is answered with the status; /login wants u:p."""

    def do_HEAD(self) -> None:
        status = int(self.path.split("/")[1])
        if status == 401 and self.headers["Authorization"] == "Basic dTpw":
            status = 200
        self.send_response(status)
        self.send_header("Content-Length", "7")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with HTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def look(uri: str, source: str = "") -> SourceFacts:
    return look_at_source("iris", uri, source=source, claims=Path("/nowhere"))


@pytest.mark.parametrize(
    ("path", "found", "failure"),
    [
        ("/200/m.joblib", "reachable, 7 bytes", ""),
        ("/405/m.joblib", "reachable", ""),
        ("/401/m.joblib", "", "the server wants credentials"),
        ("/404/m.joblib", "", "answers 404"),
        ("/200/", "", "the URL names no file"),
    ],
)
def test_urls(server: str, path: str, found: str, failure: str) -> None:
    facts = look(f"http://{server}{path}")
    assert facts.found == found
    assert failure in facts.failure


def test_credentials_are_used_and_never_shown(server: str) -> None:
    facts = look(f"http://u:p@{server}/401/m.joblib")
    assert facts.found == "reachable, 7 bytes"
    assert "u:p" not in str(look(f"http://u:p@{server}/404/m.joblib"))


def test_nobody_there() -> None:
    assert "cannot be reached" in look("http://127.0.0.1:1/m.joblib").failure


@pytest.mark.parametrize(
    ("uri", "failure"),
    [
        ("gs://bucket/m", "gs:// is not supported yet"),
        ("ftp://host/m", "is not supported"),
        ("/no/such/folder", "does not exist"),
        ("model", "is relative"),
    ],
)
def test_what_cannot_be_had_says_why(uri: str, failure: str) -> None:
    assert failure in look(uri).failure


def test_a_folder_without_files_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    facts = look("model", source=str(tmp_path / "isvc.yaml"))
    assert "holds no files" in facts.failure


def test_pickles_beside_the_manifest_are_read(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    joblib.dump(SVC(), tmp_path / "model" / "model.joblib")
    source = str(tmp_path / "isvc.yaml")
    paths = find_pickles(["model", "gs://b/m", "http://h/m"], source=source, claims=tmp_path)
    assert [path.name for path in paths] == ["model.joblib"]
    (facts,) = read_pickles(paths)
    assert (facts.pickled, facts.installed) == (sklearn.__version__, sklearn.__version__)
    assert read_pickles([]) == []
