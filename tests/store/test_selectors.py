import pytest

from kfsim.base.errors import BadRequest
from kfsim.store.selectors import parse_fields, parse_labels

LABELS = {"app": "web", "tier": "front", "example.com/kind": "x"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app = web , tier = front", True),
        ("app=api", False),
        ("app!=api", True),
        ("missing!=api", True),
        ("app in (api, web)", True),
        ("app in (api)", False),
        ("app notin (api)", True),
        ("app notin (web)", False),
        ("missing notin (web)", True),
        ("app", True),
        ("missing", False),
        ("!missing", True),
        ("!app", False),
        ("example.com/kind=x", True),
        ("app=", False),
        ("app in (web),!missing,tier", True),
    ],
)
def test_labels(text: str, matches: bool) -> None:
    assert parse_labels(text).matches(LABELS) is matches


@pytest.mark.parametrize(
    "text", ["=a", "a=b,", "a in b", "a in (b", "a==b c", "-a=b", "a=b,,c", "a in ($)"]
)
def test_malformed_labels_are_named(text: str) -> None:
    with pytest.raises(BadRequest, match="unable to parse labelSelector"):
        parse_labels(text)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("metadata.name=a", True),
        ("metadata.name==a", True),
        ("metadata.name!=a", False),
        ("metadata.name=a,metadata.namespace=b", False),
        (r"metadata.note=x\,y\=z", True),
        ("metadata.absent=", True),
    ],
)
def test_fields(text: str, matches: bool) -> None:
    fields = {"metadata.name": "a", "metadata.note": "x,y=z"}
    assert parse_fields(text).matches(lambda path: fields.get(path, "")) is matches


@pytest.mark.parametrize("text", ["a", "=b", "a b=c"])
def test_malformed_fields_are_named(text: str) -> None:
    with pytest.raises(BadRequest, match="invalid field selector"):
        parse_fields(text)
