"""Pod templates and looks at Pods that several test modules share."""

from kfsim.api.core import Container, PodSpec
from kfsim.testing.scaling import SERVING

FAILED_HOOK = ("sh", "-c", "exit 3")


def bare(**spec):
    """A Pod template whose container is not probed, so that it serves while it runs."""
    return PodSpec(containers=(Container(name=SERVING),), **spec)


def hooked(post_start=None, pre_stop=None, grace=None, **fields):
    lifecycle = {"postStart": post_start, "preStop": pre_stop}
    container = Container.model_validate({"name": SERVING, "lifecycle": lifecycle, **fields})
    return PodSpec(containers=(container,), termination_grace_period_seconds=grace)


def serving_status(world):
    return world.pod.status.container_statuses[0]
