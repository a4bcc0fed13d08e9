"""What a URL's name says, and what the server must say to it: KServe's rules."""

import pytest

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.forms import Form, check_media_type, parse_form


@pytest.mark.parametrize(
    ("uri", "form"),
    [
        ("http://h/a/model.joblib", Form("model.joblib", "file")),
        ("http://h/model", Form("model", "file")),
        ("http://h/m.zip", Form("m.zip", "zip")),
        ("http://h/m.tar", Form("m.tar", "tar")),
        ("http://h/m.tar.gz", Form("m.tar.gz", "tar", gzipped=True)),
        ("http://h/m.tgz?token=x", Form("m.tgz", "tar", gzipped=True)),
        ("http://h/m.tar.bz2", Form("m.tar.bz2", "tar")),
        ("http://h/m.json.gz", Form("m.json.gz", "file", gzipped=True)),
        ("http://h/download?file=m.zip", Form("download", "zip")),
        ("http://h/m.zip?file=m.tar", Form("m.zip", "zip")),
        ("HTTPS://h/m.zip", Form("m.zip", "zip")),
    ],
)
def test_the_name_decides(uri: str, form: Form) -> None:
    assert parse_form(uri) == form


@pytest.mark.parametrize("uri", ["http://h", "http://h/", "http://h/models/", "http://h/a/.."])
def test_a_url_must_name_a_file(uri: str) -> None:
    with pytest.raises(StorageFailure, match="names no file; KServe takes"):
        parse_form(uri)


@pytest.mark.parametrize("uri", ["http:///m.zip", "http://h:99999/m.zip", "http://[h/m.zip"])
def test_a_url_must_be_one(uri: str) -> None:
    with pytest.raises(StorageFailure, match="no valid URL"):
        parse_form(uri)


@pytest.mark.parametrize(
    ("kind", "said", "fine"),
    [
        ("zip", "application/zip", True),
        ("zip", "application/x-zip-compressed; charset=binary", True),
        ("zip", "application/octet-stream", False),
        ("tar", "application/gzip", True),
        ("tar", "Application/X-Tar", True),
        ("tar", "application/zip", False),
        ("file", "application/octet-stream", True),
        ("file", "text/html; charset=utf-8", False),
        ("file", "", False),
    ],
)
def test_the_server_must_agree(kind: str, said: str, fine: bool) -> None:
    form = Form("m", kind)
    if fine:
        check_media_type("http://h/m?sig=1", form, said)
        return
    with pytest.raises(StorageFailure) as caught:
        check_media_type("http://h/m?sig=1", form, said)
    assert (said or "nothing") in str(caught.value)
    assert "sig=1" not in str(caught.value)
