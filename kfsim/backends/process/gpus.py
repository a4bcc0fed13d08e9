"""Which GPUs a process sees: those that its container was given, and no other.

A container without a GPU limit sees none, as on a cluster. CUDA reads CUDA_VISIBLE_DEVICES, where
devices are named by UUID; NVIDIA_VISIBLE_DEVICES says in a container what the runtime mounted.
"""

from collections.abc import Mapping, Sequence

from kfsim.replicas.devices import is_fake

CUDA = "CUDA_VISIBLE_DEVICES"
_NVIDIA = "NVIDIA_VISIBLE_DEVICES"


def make_gpu_variables(devices: Sequence[str], *, asked: str | None) -> Mapping[str, str]:
    """`asked` is the container's own CUDA_VISIBLE_DEVICES: in a container its numbers count from
    the first device that was given to it, not from the host's."""
    real = [each for each in devices if not is_fake(each)]
    visible = real if asked is None else _chosen(real, asked)
    variables = {CUDA: ",".join(visible)}
    if devices:
        variables[_NVIDIA] = ",".join(devices)
    return variables


def _chosen(devices: Sequence[str], asked: str) -> list[str]:
    """CUDA's own reading: devices up to the first that does not exist."""
    chosen: list[str] = []
    for word in map(str.strip, asked.split(",")):
        if word in devices:
            chosen.append(word)
        elif word.isdigit() and int(word) < len(devices):
            chosen.append(devices[int(word)])
        else:
            break
    return chosen
