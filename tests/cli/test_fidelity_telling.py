"""The daemon is asked once, and the file is replaced whole."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from kfsim.cli.client import ApiError
from kfsim.cli.fidelity import Document, Identity
from kfsim.cli.fidelity_telling import FidelityTeller, fetch_rows, save_report
from kfsim.cli.rollout import Applied
from tests.cli.test_fidelity import field, identity, row


class Daemon:
    """An API client whose daemon has these objects."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = {each["name"]: each for each in rows}
        self.asked: list[str] = []

    def get(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        query = parse_qs(urlparse(path).query)
        if not query:
            return {"objects": list(self.rows.values())}
        assert set(query) == {"apiVersion", "kind", "namespace", "name"}
        found = self.rows.get(query["name"][0])
        if found is None:
            raise ApiError({"code": 404, "reason": "NotFound", "message": "it is not there"})
        return {"objects": [found]}


def teller(daemon: Daemon, file: Path | None = None) -> FidelityTeller:
    path = None if file is None else str(file)
    return FidelityTeller(daemon, project="demo", file=path)  # type: ignore[arg-type]  # one method is used


def rows_of(daemon: Daemon, *names: Identity) -> list[dict[str, Any]]:
    return fetch_rows(daemon, names)  # type: ignore[arg-type]  # one method is used


def test_a_few_objects_are_asked_for_one_by_one_and_a_missing_one_is_left_out() -> None:
    daemon = Daemon(row(name="a"), row(name="b"))
    found = rows_of(daemon, identity("a"), identity("gone"))
    assert [each["name"] for each in found] == ["a"]
    assert len(daemon.asked) == 2


def test_many_objects_are_asked_for_at_once() -> None:
    daemon = Daemon(row(name="a"))
    assert rows_of(daemon, *(identity(f"s{index}") for index in range(50))) == [row(name="a")]
    assert daemon.asked == ["/kfsim/v1/fidelity"]


def applied() -> Applied:
    first, second = (Document(f"{name}.yaml", 1, identity(name)) for name in "ab")
    return Applied(
        documents=[first, second, Document("c.yaml", 1, identity("c"), "refused")],
        changed=[second],
        unreadable=["bad"],
    )


def test_what_changed_is_said_and_everything_is_written(tmp_path: Path) -> None:
    daemon = Daemon(row(field("spec.x"), name="a"), row(field("spec.x"), name="b"))
    said: list[str] = []
    file = tmp_path / "report.json"
    assert not teller(daemon, file).tell(applied(), said.append, changed_only=True)
    assert said == ["b.yaml: 1 field honoured"]
    written = json.loads(file.read_text())
    assert [each["name"] for each in written["documents"]] == ["a", "b", "c"]
    assert written["errors"] == ["bad"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_without_a_file_only_what_is_said_is_asked_for() -> None:
    daemon = Daemon(row(field("spec.x"), name="a"), row(field("spec.x"), name="b"))
    said: list[str] = []
    teller(daemon).tell(applied(), said.append, changed_only=True)
    assert len(daemon.asked) == 1
    said.clear()
    teller(daemon).tell(applied(), said.append)
    assert len(said) == 3


def test_a_file_that_cannot_be_written_is_said_and_no_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "missing" / "report.json"
    assert teller(Daemon(), file).tell(Applied(), print)
    assert f"--report {file}: cannot be written: No such file" in capsys.readouterr().err


def test_a_report_that_fails_at_the_end_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "report.json"
    folder.mkdir()
    assert not save_report({"schema": "x"}, str(folder))
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_name_that_is_no_text_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert save_report({"manifest": "a\udcff.yaml"}, str(file))
    assert json.loads(file.read_text()) == {"manifest": "a\udcff.yaml"}
