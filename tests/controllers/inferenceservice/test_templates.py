"""The subset of Go templates that runtimes use."""

import pytest

from kfsim.controllers.inferenceservice.templates import (
    InvalidTemplate,
    TemplateData,
    render,
    render_all,
)

DATA = TemplateData(
    name="iris", namespace="ns", labels={"modelClass": "m.M"}, annotations={"a.b/c": "x"}
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--model_name={{.Name}}", "--model_name=iris"),
        ("{{ .Namespace }}/{{- .Name -}}", "ns/iris"),
        ("{{.Labels.modelClass}}", "m.M"),
        ('{{ index .Annotations "a.b/c" }}', "x"),
        ("{{.Labels.missing}}", "<no value>"),
        ("plain", "plain"),
    ],
)
def test_render(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


@pytest.mark.parametrize("text", ["{{.Spec.x}}", "{{if .Name}}", "{{.Name"])
def test_what_is_not_understood_is_named(text: str) -> None:
    with pytest.raises(InvalidTemplate):
        render(text, DATA)


def test_every_string_is_rendered() -> None:
    assert render_all({"a": ["{{.Name}}", 1, {"b": "{{.Namespace}}"}]}, DATA) == {
        "a": ["iris", 1, {"b": "ns"}]
    }
