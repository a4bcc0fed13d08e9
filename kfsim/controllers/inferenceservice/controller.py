"""What wakes the InferenceService reconciler: itself, its children, its Pods, its runtime."""

from collections.abc import Callable, Iterable

from kfsim.api import core
from kfsim.api.compat import CURRENT, Profile
from kfsim.api.istio import VirtualService
from kfsim.api.knative.serving import Service
from kfsim.api.kserve.keys import INFERENCE_SERVICE
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceService, ServingRuntime
from kfsim.api.substitution import LocalMaps
from kfsim.base.clock import Clock
from kfsim.controllers.inferenceservice.ingress import IngressConfig
from kfsim.controllers.inferenceservice.reconcile import InferenceServiceReconciler
from kfsim.controllers.runtime import (
    Controller,
    Key,
    Recorder,
    watch_mapped,
    watch_owned,
    watch_self,
)
from kfsim.store import Entry, Store

NAME = "inferenceservice"


def make_controller(
    *,
    store: Store,
    clock: Clock,
    recorder: Recorder,
    domain: str,
    gateway_port: Callable[[], int],
    maps: Callable[[], LocalMaps] = LocalMaps,
    strict: bool = False,
    profile: Profile = CURRENT,
) -> Controller:
    """`gateway_port` is asked at each reconcile, as the gateway may bind after the start, and so
    are the project's `maps`: whoever changes them asks for reconciles. `strict`: nothing stands in
    for what is not simulated."""
    reconciler = InferenceServiceReconciler(
        store=store,
        clock=clock,
        recorder=recorder.for_component("v1beta1Controllers"),
        ingress=IngressConfig(domain=domain, gateway_port=gateway_port, profile=profile),
        maps=maps,
        strict=strict,
    )
    return Controller(
        name=NAME,
        reconciler=reconciler,
        watches=(
            watch_self(InferenceService),
            watch_owned(Service, owner=InferenceService),
            watch_owned(VirtualService, owner=InferenceService),
            watch_owned(core.Service, owner=InferenceService),
            watch_mapped(core.Pod, _service_of_pod),
            watch_mapped(ServingRuntime, reconciler.users.keys_of),
            watch_mapped(ClusterServingRuntime, reconciler.users.keys_of),
        ),
    )


def _service_of_pod(entry: Entry) -> Iterable[Key]:
    name = entry.labels.get(INFERENCE_SERVICE)
    return (Key(entry.namespace, name),) if name else ()
