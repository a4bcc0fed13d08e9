from kfsim.api.core import ObjectReference
from kfsim.api.knative.internal import PodAutoscaler, PodAutoscalerSpec
from kfsim.api.meta import ObjectMeta
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.types import ServiceMode
from kfsim.controllers.podautoscaler.resources import make_metric, make_serverless_service

METRIC = "autoscaling.knative.dev/metric"
PA = PodAutoscaler(
    metadata=ObjectMeta(
        name="iris-00001",
        namespace="default",
        uid="u",
        labels={"app": "iris"},
        annotations={METRIC: "rps", "other": "x"},
    ),
    spec=PodAutoscalerSpec(scale_target_ref=ObjectReference(name="d"), protocol_type="h2c"),
)


def test_the_service_scales_what_the_autoscaler_scales():
    sks = make_serverless_service(PA, ServiceMode.PROXY, 2)
    assert (sks.metadata.name, sks.metadata.owner_references[0].uid) == ("iris-00001", "u")
    assert sks.metadata.annotations == {METRIC: "rps"}
    assert (sks.spec.mode, sks.spec.num_activators) == ("Proxy", 2)
    assert (sks.spec.object_ref.name, sks.spec.protocol_type) == ("d", "h2c")


def test_the_metric_names_windows_and_what_is_scraped():
    metric = make_metric(PA, DeciderSpec(stable_window=30.0, panic_window=3.0), "iris-private")
    assert (metric.spec.stable_window, metric.spec.panic_window) == (30, 3)
    assert metric.spec.scrape_target == "iris-private"
    assert make_metric(PA, DeciderSpec(), "").spec.scrape_target is None
