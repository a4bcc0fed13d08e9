"""config-defaults and config-autoscaler at the door, and on what controllers make."""

import pytest

from kfsim.api.core import ConfigMap
from kfsim.api.knative.serving import Revision, Service
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Invalid
from kfsim.simulation import SimulatedCluster, simulate

pytestmark = pytest.mark.scenario


def configure(cluster: SimulatedCluster, name: str, data: dict[str, str]) -> None:
    metadata = ObjectMeta(name=name, namespace="knative-serving")
    cluster.apply(ConfigMap(metadata=metadata, data=data))


def knative_service(name: str, timeout: int, annotations: dict[str, str]) -> Service:
    template = {
        "metadata": {"annotations": annotations},
        "spec": {"timeoutSeconds": timeout, "containers": [{"image": "x"}]},
    }
    return Service.model_validate(
        {"metadata": {"name": name, "namespace": "default"}, "spec": {"template": template}}
    )


def test_what_config_maps_allow_is_let_in() -> None:
    async def story(cluster: SimulatedCluster) -> None:
        long = knative_service("long", 700, {})
        with pytest.raises(Invalid, match="600"):
            cluster.apply(long)
        configure(cluster, "config-defaults", {"max-revision-timeout-seconds": "900"})
        assert cluster.apply(long).spec.template.spec.timeout_seconds == 700

        zero = knative_service("zero", 10, {"autoscaling.knative.dev/initial-scale": "0"})
        with pytest.raises(Invalid, match="initial-scale"):
            cluster.apply(zero)
        configure(cluster, "config-autoscaler", {"allow-zero-initial-scale": "true"})
        cluster.apply(zero)

    simulate(story, seed=1)


def test_a_change_reaches_what_controllers_make() -> None:
    async def story(cluster: SimulatedCluster) -> None:
        model = {"modelFormat": {"name": "sklearn"}, "storageUri": "file:///m"}
        cluster.apply(
            InferenceService.model_validate(
                {
                    "metadata": {"name": "iris", "namespace": "default"},
                    "spec": {"predictor": {"model": model}},
                }
            )
        )
        await cluster.until(
            lambda: len(cluster.store.list(Revision)) == 1, what="a revision", within=10
        )
        assert cluster.store.list(Revision)[0].spec.timeout_seconds == 300
        configure(cluster, "config-defaults", {"revision-timeout-seconds": "120"})
        await cluster.until(
            lambda: len(cluster.store.list(Revision)) == 2, what="another", within=10
        )
        newest = cluster.store.get(Revision, "iris-predictor-00002", "default")
        assert newest.spec.timeout_seconds == 120

    simulate(story, seed=1)
