"""What is said to keys that Knative passes over in silence."""

import pytest

from kfsim.autoscaler.annotation_hints import explain_annotations, explain_labels

GROUP = "autoscaling.knative.dev/"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (GROUP + "min-scle", f"did you mean {GROUP}min-scale?"),
        (GROUP + "minscale", f"did you mean {GROUP}min-scale?"),
        (GROUP + "zzz", "means nothing and is passed over in silence; see docs/"),
        ("serving.knative.dev/min-scale", f"did you mean {GROUP}min-scale?"),
        ("serving.kserve.io/maxScale", f"did you mean {GROUP}max-scale?"),
        ("initial-scale", f"did you mean {GROUP}initial-scale?"),
        (GROUP + "progress-deadline", "did you mean serving.knative.dev/progress-deadline?"),
        (GROUP + "minScale", f"is the older spelling of {GROUP}min-scale; it counts only where"),
    ],
)
def test_what_it_says(key: str, words: str) -> None:
    (text,) = explain_annotations({key: "1"})
    assert text.startswith(key)
    assert words in text


@pytest.mark.parametrize(
    "key",
    [
        GROUP + "window",
        "serving.knative.dev/progress-deadline",
        "serving.kserve.io/targetUtilizationPercentage",
        "serving.kserve.io/metrics",
        "example.com/min-scale",
        "class",
        "target",
    ],
)
def test_what_is_right_or_of_others_is_left_alone(key: str) -> None:
    assert not list(explain_annotations({key: "1"}))


def test_of_two_spellings_the_older_one_has_no_effect() -> None:
    (text,) = explain_annotations({GROUP + "maxScale": "1", GROUP + "max-scale": "2"})
    assert text.startswith(f"{GROUP}maxScale has no effect")


def test_a_label_is_no_annotation() -> None:
    (text,) = explain_labels(["app", GROUP + "min-scale"])
    assert (
        text
        == f"{GROUP}min-scale is given as a label, where nothing reads it; make it an annotation"
    )
