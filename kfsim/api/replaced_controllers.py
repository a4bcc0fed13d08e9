"""KServe's and Knative's own controllers in install manifests: kfsim does their work itself.

They are known by their images, which is what would run, and what a release, a Helm chart and a
mirror have in common. Started here they would only fail to find a cluster.
"""

import re
from typing import Final

from kfsim.api.apps import Deployment

# Names as kserve's config/ and Knative's releases have them; a registry or mirror goes before.
_IMAGES: Final = re.compile(
    r"(?:.*/)?(?:"
    r"kserve/(?:kserve-controller|kserve-localmodel-controller|kserve-localmodelnode-agent|"
    r"llmisvc-controller|modelmesh-controller)"
    r"|kfserving/kfserving-controller"
    r"|knative\.dev/(?:serving|net-[a-z-]+)/cmd/[a-z-]+"
    r")(?::[^/@]+)?(?:@[^/]+)?"
)


def replaced_controller(deployment: Deployment) -> str:
    """The image whose work kfsim does itself; empty for a Deployment that is to run."""
    if deployment.metadata.owner_references:
        return ""  # a Revision's
    images = (container.image or "" for container in deployment.spec.template.spec.containers)
    return next((image for image in images if _IMAGES.fullmatch(image)), "")


def not_started(image: str) -> str:
    """What a user is told of such a Deployment."""
    return f"kfsim does the work of {image} itself, so no Pod of it is started"
