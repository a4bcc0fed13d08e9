"""What failures show of a URI."""

import pytest

from kfsim.backends.storage.failures import redact_uri


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://host/m.tgz", "https://host/m.tgz"),
        ("https://user:word@host:8443/m.tgz", "https://***@host:8443/m.tgz"),
        ("https://token@host/m.tgz", "https://***@host/m.tgz"),
        ("https://us@er:wo@rd@host/m", "https://***@host/m"),
        (
            "https://h/m?X-Amz-Signature=abc&versionId=1",
            "https://h/m?X-Amz-Signature=***&versionId=***",
        ),
        ("https://h/m?c2VjcmV0", "https://h/m?***"),
        ("https://h/m#secret", "https://h/m"),
        ("s3://key:secret@bucket/m", "s3://***@bucket/m"),
        ("https://[bad", "https://***"),
        ("file:///models/what?.joblib", "file:///models/what?.joblib"),
        ("/models/a@b", "/models/a@b"),
        ("models/iris", "models/iris"),
    ],
)
def test_secrets_of_a_uri_are_not_shown(uri: str, shown: str) -> None:
    assert redact_uri(uri) == shown
