"""What revisions take from config-deployment and config-autoscaler."""

from dataclasses import dataclass

from kfsim.api.knative import keys
from kfsim.controllers.runtime import ClusterConfig


@dataclass(frozen=True, slots=True)
class RevisionConfig:
    """`progress_deadline` in seconds."""

    initial_scale: int = 1
    pod_autoscaler_class: str = keys.KPA_CLASS
    progress_deadline: int = 600
    queue_sidecar_image: str = "kfsim.dev/queue-proxy"


def revision_config(config: ClusterConfig) -> RevisionConfig:
    """The settings in force."""
    autoscaler, deployment = config.autoscaler(), config.deployment()
    return RevisionConfig(
        initial_scale=autoscaler.initial_scale,
        pod_autoscaler_class=autoscaler.pod_autoscaler_class,
        progress_deadline=deployment.progress_deadline,
        queue_sidecar_image=deployment.queue_sidecar_image,
    )
