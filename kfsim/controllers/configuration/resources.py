"""A Configuration's Revision (knative pkg/reconciler/configuration/resources/revision.go)."""

from kfsim.api.knative import keys
from kfsim.api.knative.serving import Configuration, Revision
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.api.names import child_name


def revision_name(configuration: Configuration) -> str:
    """The template's own name, else the Configuration's with the generation: `iris-00001`."""
    given = configuration.spec.template.metadata.name
    metadata = configuration.metadata
    return given or child_name(metadata.name, f"-{metadata.generation:05d}")


def make_revision(configuration: Configuration, *, wall: str) -> Revision:
    """The Revision of the current generation. It is active at once if a Route follows the
    Configuration, so that it is not taken for an unreachable one while it starts."""
    template, metadata = configuration.spec.template, configuration.metadata
    routes = metadata.annotations.get(keys.ROUTES)
    annotations = {**template.metadata.annotations, keys.ROUTING_STATE_MODIFIED: wall}
    if routes is not None:
        annotations[keys.ROUTES] = routes
    if keys.LAST_MODIFIER in metadata.annotations:
        annotations[keys.CREATOR] = metadata.annotations[keys.LAST_MODIFIER]
    state = keys.ROUTING_STATE_PENDING if routes is None else keys.ROUTING_STATE_ACTIVE
    return Revision(
        metadata=ObjectMeta(
            name=revision_name(configuration),
            namespace=metadata.namespace,
            labels={
                **template.metadata.labels,
                keys.ROUTING_STATE: state,
                **_ancestry(configuration),
            },
            annotations=annotations,
            owner_references=(owner_reference(configuration),),
        ),
        spec=template.spec,
    )


def generation_of(revision: Revision) -> int:
    """The Configuration's generation that the Revision was made for; 0 when it does not say."""
    text = revision.metadata.labels.get(keys.CONFIGURATION_GENERATION, "")
    return int(text) if text.isdigit() else 0


def _ancestry(configuration: Configuration) -> dict[str, str]:
    metadata = configuration.metadata
    labels = {
        keys.CONFIGURATION: metadata.name,
        keys.CONFIGURATION_GENERATION: str(metadata.generation),
        keys.CONFIGURATION_UID: metadata.uid,
        keys.SERVICE: metadata.labels.get(keys.SERVICE, ""),
        keys.SERVICE_UID: metadata.labels.get(keys.SERVICE_UID, ""),
    }
    return {key: value for key, value in labels.items() if value}
