"""Where in a manifest the annotations are, and which of them KServe overrules."""

from typing import Any

from kfsim.api.knative.serving import Service
from kfsim.api.kserve.types import InferenceService
from kfsim.cli.scaling_hints import find_scaling_hints

GROUP = "autoscaling.knative.dev/"


def hints(metadata: dict[str, Any], **spec: Any) -> list[str]:
    isvc = InferenceService.model_validate(
        {"metadata": {"name": "iris", "namespace": "default", **metadata}, "spec": spec}
    )
    return list(find_scaling_hints(isvc))


def test_bounds_in_annotations_give_way_to_the_spec() -> None:
    annotations = {GROUP + "min-scale": "0", GROUP + "max-scale": "3"}
    least, most = hints({"annotations": annotations}, predictor={})
    assert least == (
        f"metadata.annotations: {GROUP}min-scale has no effect on an InferenceService: "
        "minReplicas of the component decides, which is 1"
    )
    assert most.endswith("maxReplicas of the component decides")


def test_components_and_labels_are_looked_at() -> None:
    component = {"annotations": {GROUP + "widow": "60s"}, "labels": {GROUP + "target": "1"}}
    places = [text.partition(":")[0] for text in hints({}, predictor={}, transformer=component)]
    assert places == ["spec.transformer.annotations", "spec.transformer.labels"]


def test_a_knative_services_template() -> None:
    template = {"metadata": {"annotations": {GROUP + "minScale": "2"}}}
    service = Service.model_validate(
        {"metadata": {"name": "a", "namespace": "default"}, "spec": {"template": template}}
    )
    (text,) = find_scaling_hints(service)
    assert text.startswith(f"spec.template.metadata.annotations: {GROUP}minScale is the older")
