"""Which image tag a runtime's container gets (isvcutils.UpdateImageTag)."""

import re
from typing import Final

from kfsim.api.core import Container
from kfsim.api.extended_resources import wants_gpu

_TAG: Final = re.compile(r":[\w.\-]*$")
_GPU_SUFFIXED: Final = frozenset({"tensorflow-serving", "torchserve", "huggingfaceserver"})


def tagged_image(container: Container, *, runtime_version: str | None, server_type: str) -> str:
    """The image with the wanted version, or its GPU or CPU build; a digest is left alone."""
    image = container.image or ""
    if "@sha256:" in image:
        return image
    if runtime_version is not None:
        return _TAG.sub("", image) + f":{runtime_version}"
    tag = _TAG.search(image)
    if tag is None:
        return image
    if wants_gpu(container):
        suffixed = server_type in _GPU_SUFFIXED and not image.endswith("-gpu")
        return image + "-gpu" if suffixed else image
    repository = image[: tag.start()]
    if server_type == "vllmserver" and not repository.endswith("-cpu"):
        return f"{repository}-cpu{tag[0]}"
    return image
