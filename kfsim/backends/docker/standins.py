"""kfsim's own images in place of those of the built-in runtimes.

Pure. Where a runtime's image is not on this host and kfsim's is, pulling gigabytes for the same
answers is not what a user of a laptop wants; `imagePullPolicy: Always` says otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kfsim import __version__
from kfsim.api.core import Container
from kfsim.backends.builtin import find_builtin_server
from kfsim.backends.expansion import resolve_variables


def default_tag(runtime: str) -> str:
    """kfsim's own image of a built-in runtime."""
    return f"kfsim/{runtime}:{__version__}"


SKLEARN_IMAGE = default_tag("sklearnserver")


@dataclass(frozen=True, slots=True)
class StandIn:
    """`args` for the image's own entrypoint, in place of the container's command and args."""

    image: str
    args: tuple[str, ...]


def find_stand_in(container: Container, is_present: Callable[[str], bool]) -> StandIn | None:
    """The image to run in place of the container's own, which is not there."""
    if container.image_pull_policy == "Always" or not is_present(SKLEARN_IMAGE):
        return None
    server = find_builtin_server(container, resolve_variables(container.env, {}))
    if server is None:
        return None
    return StandIn(SKLEARN_IMAGE, (*server.arguments, f"--http_port={server.port}"))
