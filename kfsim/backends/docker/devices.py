"""The GPUs given to a container, as the engine is asked for them.

Pure. Ids that begin with `fake-` name devices that do not exist (`gpu: fake` in kfsim.yaml): the
container is told of them as NVIDIA's runtime would, and the engine is asked for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FAKE = "fake-"
VISIBLE_DEVICES = "NVIDIA_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True)
class Devices:
    """`requests` are the engine's DeviceRequests; `env` replaces what the container has."""

    requests: tuple[Mapping[str, Any], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def make_devices(ids: Sequence[str]) -> Devices:
    """What makes these devices, and no others, visible."""
    if not ids:
        return Devices()
    if any(each.startswith(FAKE) for each in ids):
        return Devices(env={VISIBLE_DEVICES: ",".join(ids)})
    request = {"Driver": "nvidia", "DeviceIDs": list(ids), "Capabilities": [["gpu"]]}
    return Devices(requests=(request,))
