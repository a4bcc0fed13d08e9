import pytest

from kfsim.base.errors import BadRequest
from kfsim.kubeapi.bodies import parse_body
from kfsim.kubeapi.status import UnsupportedMediaType


def test_yaml_dates_become_texts() -> None:
    assert parse_body(b"at: 2020-01-02T03:04:05Z", "application/yaml") == {
        "at": "2020-01-02T03:04:05+00:00"
    }


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"{", "application/json", BadRequest),
        (b"[]", "application/json", BadRequest),
        (b"a: {", "application/yaml", BadRequest),
        (b"a: !!python/object:os.system {}", "application/yaml", BadRequest),
        (b"1: {2: 3}", "application/yaml", BadRequest),
        (b"{}", "text/plain", UnsupportedMediaType),
    ],
)
def test_bad_bodies(body: bytes, content_type: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_body(body, content_type)
