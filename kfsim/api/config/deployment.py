"""config-deployment (knative pkg/deployment/config.go)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kfsim.base.errors import Invalid
from kfsim.base.quantities import parse_duration

CONFIG_DEPLOYMENT: Final = "config-deployment"
_DEADLINE_KEYS = ("progress-deadline", "progressDeadline")


@dataclass(frozen=True, slots=True)
class DeploymentConfig:
    """`progress_deadline` in seconds."""

    progress_deadline: int = 600
    queue_sidecar_image: str = "kfsim.dev/queue-proxy"

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> "DeploymentConfig":
        """Raises Invalid. A deadline is whole seconds, at least one, as a Deployment's is."""
        default = cls()
        text = next((data[key] for key in _DEADLINE_KEYS if key in data), None)
        deadline = default.progress_deadline if text is None else _seconds(text)
        image = data.get("queue-sidecar-image", default.queue_sidecar_image)
        return cls(progress_deadline=deadline, queue_sidecar_image=image)


def _seconds(text: str) -> int:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise Invalid(f"{CONFIG_DEPLOYMENT}: progress-deadline: {error}") from error
    if seconds < 1 or seconds != int(seconds):
        raise Invalid(
            f"{CONFIG_DEPLOYMENT}: progress-deadline is {text}; it must be whole seconds, at "
            "least 1s, for example 600s"
        )
    return int(seconds)
