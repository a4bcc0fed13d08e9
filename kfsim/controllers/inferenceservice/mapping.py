"""A project's maps laid over a component: the URIs of its models, the images of its containers.

Pure. Fields are named as the user wrote them, except that a runtime's own container counts as
`model.image`, which is where a manifest would override it.
"""

from typing import Final

from kfsim.api.core import PodSpec
from kfsim.api.kserve.keys import DEPLOYMENT_MODE, KNATIVE, STANDARD
from kfsim.api.kserve.types import ComponentSpec, PredictorSpec, StorageUri
from kfsim.api.substitution import Substitution, Substitutor

STANDARD_SUBSTITUTED: Final = Substitution(
    field=f"metadata.annotations[{DEPLOYMENT_MODE}]",
    asked=STANDARD,
    given=KNATIVE,
    why="the Deployment, HPA and Ingress of Standard mode are not simulated",
)


def map_predictor_uris(
    predictor: PredictorSpec, substitutor: Substitutor
) -> tuple[str | None, tuple[StorageUri, ...]]:
    """A model predictor's storageUri and storageUris as they are served here."""
    asked = predictor.model.storage_uri if predictor.model is not None else None
    uri = substitutor.uri(asked, field="spec.predictor.model.storageUri") if asked else asked
    uris = tuple(
        each.replaced(
            uri=substitutor.uri(each.uri, field=f"spec.predictor.storageUris[{index}].uri")
        )
        for index, each in enumerate(predictor.storage_uris)
    )
    return uri, uris


def map_images(
    component: str, spec: ComponentSpec, pod_spec: PodSpec, substitutor: Substitutor
) -> PodSpec:
    """The Pod with the images that are run here. The storage initializer is kfsim's own."""
    places = {each.name: index for index, each in enumerate(spec.containers)}
    containers = []
    for container in pod_spec.containers:
        place = places.get(container.name)
        part = "model" if place is None else f"containers[{place}]"
        asked = container.image or ""
        given = substitutor.image(asked, field=f"spec.{component}.{part}.image")
        containers.append(container if given == asked else container.replaced(image=given))
    return pod_spec.replaced(containers=tuple(containers))
