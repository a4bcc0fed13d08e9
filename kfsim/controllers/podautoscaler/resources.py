"""Makes a PodAutoscaler's children (knative pkg/reconciler/autoscaling/resources)."""

from kfsim.api.knative.internal import (
    Metric,
    MetricSpec,
    PodAutoscaler,
    ServerlessService,
    ServerlessServiceSpec,
)
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.autoscaler.annotations import METRIC
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.types import ServiceMode


def make_serverless_service(
    pa: PodAutoscaler, mode: ServiceMode, num_activators: int
) -> ServerlessService:
    """The revision's ServerlessService; of the annotations it only takes the metric."""
    annotations = {
        key: pa.metadata.annotations[key] for key in METRIC.keys if key in pa.metadata.annotations
    }
    return ServerlessService(
        metadata=ObjectMeta(
            name=pa.metadata.name,
            namespace=pa.metadata.namespace,
            labels=dict(pa.metadata.labels),
            annotations=annotations,
            owner_references=(owner_reference(pa),),
        ),
        spec=ServerlessServiceSpec(
            mode=mode.value,
            object_ref=pa.spec.scale_target_ref,
            protocol_type=pa.spec.protocol_type,
            num_activators=num_activators,
        ),
    )


def make_metric(pa: PodAutoscaler, spec: DeciderSpec, scrape_target: str) -> Metric:
    """What is collected for the revision; an empty scrape target means the activator reports."""
    return Metric(
        metadata=ObjectMeta(
            name=pa.metadata.name,
            namespace=pa.metadata.namespace,
            labels=dict(pa.metadata.labels),
            annotations=dict(pa.metadata.annotations),
            owner_references=(owner_reference(pa),),
        ),
        spec=MetricSpec(
            stable_window=int(spec.stable_window),
            panic_window=int(spec.panic_window),
            scrape_target=scrape_target or None,
        ),
    )
