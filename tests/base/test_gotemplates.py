"""The subset of Go templates that runtimes and host names use."""

import pytest

from kfsim.base.gotemplates import InvalidTemplate, render, render_all

FIELDS = {
    "Name": "iris",
    "Namespace": "ns",
    "Labels": {"modelClass": "m.M"},
    "Annotations": {"a.b/c": "x"},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--model_name={{.Name}}", "--model_name=iris"),
        ("{{ .Namespace }}/{{- .Name -}}", "ns/iris"),
        ("{{.ObjectMeta.Name}}", "iris"),
        ("{{.Labels.modelClass}}", "m.M"),
        ('{{ index .Annotations "a.b/c" }}', "x"),
        ("{{.Labels.missing}}", "<no value>"),
        ("plain", "plain"),
    ],
)
def test_render(text: str, expected: str) -> None:
    assert render(text, FIELDS) == expected


@pytest.mark.parametrize(
    "text", ["{{.Spec.x}}", "{{if .Name}}", "{{.Name", "{{.Labels}}", "{{.Name.x}}", "{{.Tag}}"]
)
def test_what_is_not_understood_is_named(text: str) -> None:
    with pytest.raises(InvalidTemplate):
        render(text, FIELDS)


def test_what_may_be_written_is_told() -> None:
    with pytest.raises(InvalidTemplate, match=r"\.Tag\}\} is not understood; use \.Name, "):
        render("{{.Tag}}", FIELDS)


def test_every_string_is_rendered() -> None:
    assert render_all({"a": ["{{.Name}}", 1, {"b": "{{.Namespace}}"}]}, FIELDS) == {
        "a": ["iris", 1, {"b": "ns"}]
    }
