"""Makes a Deployment's Pods and the hash that tells its templates apart."""

from hashlib import sha256

from kfsim.api.apps import Deployment, PodTemplateSpec
from kfsim.api.core import Pod
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.replicas.marks import NODE_NAME, REPLICA_FINALIZER, WAKE_UP_ANNOTATION

HASH_LABEL = "pod-template-hash"
# apimachinery's SafeEncodeString alphabet, which spells no words.
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_HASH_LENGTH = 10


def hash_template(template: PodTemplateSpec) -> str:
    """Ten letters and digits that change with the template."""
    digest = sha256(template.model_dump_json(exclude_defaults=True).encode()).digest()
    return "".join(_SAFE[byte % len(_SAFE)] for byte in digest[:_HASH_LENGTH])


def make_pod(deployment: Deployment, template_hash: str, suffix: str, *, wake_up: bool) -> Pod:
    """A Pod named `<deployment>-<hash>-<suffix>`; `wake_up` lets it start before others."""
    template = deployment.spec.template
    annotations = dict(template.metadata.annotations)
    if wake_up:
        annotations[WAKE_UP_ANNOTATION] = "true"
    return Pod(
        metadata=ObjectMeta(
            name=f"{deployment.metadata.name}-{template_hash}-{suffix}",
            generate_name=f"{deployment.metadata.name}-{template_hash}-",
            namespace=deployment.metadata.namespace,
            labels={**template.metadata.labels, HASH_LABEL: template_hash},
            annotations=annotations,
            owner_references=(owner_reference(deployment),),
            finalizers=(REPLICA_FINALIZER,),
        ),
        spec=template.spec.replaced(node_name=NODE_NAME),
    )
