"""Theme E: models that are not where they should be."""

import socket
from pathlib import Path
from threading import Thread

import pytest

from kfsim.cli.doctor.source_facts import look_at_source
from kfsim.cli.doctor.sources import check_source
from tests.complaints.support import SKLEARN, Complaint, play


def told(uri: str, folder: Path) -> str:
    """The line of `kfsim doctor storage`."""
    source = str(folder / "iris.yaml")
    return check_source(look_at_source("iris", uri, source=source, claims=folder)).line


def test_kserve_849_a_path_without_files_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    line = told("model", tmp_path)
    assert line.startswith("problem  model of iris: ")
    assert line.endswith("holds no files; put the model there or correct storageUri")


def test_kserve_849_a_missing_path_names_the_nearest_that_is_there(tmp_path: Path) -> None:
    assert "does not exist" in told(f"file://{tmp_path}/model", tmp_path)


@pytest.mark.parametrize("uri", ["s3://bucket/model", "gs://bucket/model"])
def test_kserve_1060_a_store_that_kfsim_cannot_reach_says_so(uri: str, tmp_path: Path) -> None:
    line = told(uri, tmp_path)
    assert "is not supported yet" in line
    assert "fetch the model to a local folder and point storageUri at it" in line


@pytest.mark.scenario
def test_kserve_849_a_scheme_that_kserve_refuses_is_refused_with_its_words() -> None:
    async def story(user: Complaint) -> None:
        user.apply({"model": SKLEARN["model"] | {"storageUri": "ftp://host/model"}})
        await user.world.until(lambda: "StorageURI" in user.why(), what="the refusal")
        assert "StorageURI not supported: storageUri, must be one of: [gs://, s3://" in user.why()

    play(story)


def test_kserve_1764_a_bucket_is_mapped_to_a_folder_of_this_machine(tmp_path: Path) -> None:
    line = told("gs://bucket/model", tmp_path)
    assert "kfsim up --map gs://BUCKET=FOLDER" in line


def test_kserve_1914_trouble_with_tls_is_told_before_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=refuse_tls, args=(server,), daemon=True).start()
        line = told(f"https://127.0.0.1:{server.getsockname()[1]}/model.joblib", tmp_path)
    assert line.startswith("problem  model of iris: ")
    assert "SSL" in line


def refuse_tls(server: socket.socket) -> None:
    """What a server of plain http says to a handshake."""
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_kserve_2990_a_store_that_is_not_there_is_told_before_the_start(tmp_path: Path) -> None:
    line = told("http://127.0.0.1:1/model.joblib", tmp_path)
    assert "cannot be reached" in line
