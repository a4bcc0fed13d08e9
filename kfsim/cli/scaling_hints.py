"""Autoscaling annotations that will not do what their author means, before anything is applied."""

from collections.abc import Iterator

from kfsim.api.knative.serving import Service
from kfsim.api.kserve.types import ComponentSpec, InferenceService
from kfsim.api.meta import Object
from kfsim.autoscaler.annotation_hints import explain_annotations, explain_labels
from kfsim.autoscaler.annotations import MAX_SCALE, MIN_SCALE, Annotations


def find_scaling_hints(obj: Object) -> Iterator[str]:
    """One sentence for each, with the field; nothing for kinds that have none."""
    if isinstance(obj, InferenceService):
        predictor = obj.spec.predictor
        yield from _hints("metadata", obj.metadata.annotations, obj.metadata.labels)
        yield from _overruled("metadata", obj.metadata.annotations, predictor)
        for name in ("predictor", "transformer", "explainer"):
            component = getattr(obj.spec, name)
            if component is not None:
                place = f"spec.{name}"
                yield from _hints(place, component.annotations, component.labels)
                yield from _overruled(place, component.annotations, component)
    elif isinstance(obj, Service):
        metadata = obj.spec.template.metadata
        yield from _hints("spec.template.metadata", metadata.annotations, metadata.labels)


def _hints(place: str, annotations: Annotations, labels: Annotations) -> Iterator[str]:
    yield from (f"{place}.annotations: {text}" for text in explain_annotations(annotations))
    yield from (f"{place}.labels: {text}" for text in explain_labels(labels))


def _overruled(place: str, annotations: Annotations, component: ComponentSpec) -> Iterator[str]:
    """KServe sets both bounds from the spec and drops the annotations."""
    least = 1 if component.min_replicas is None else component.min_replicas
    decides = ((MIN_SCALE, "minReplicas", least), (MAX_SCALE, "maxReplicas", None))
    for annotation, field, value in decides:
        if annotation.key in annotations:
            known = f", which is {value}" if value is not None else ""
            yield (
                f"{place}.annotations: {annotation.key} has no effect on an InferenceService: "
                f"{field} of the component decides{known}"
            )
