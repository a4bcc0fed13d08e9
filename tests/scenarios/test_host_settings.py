"""A cluster's own domain and host template, given while a service is up."""

import pytest

from kfsim.api.core import ConfigMap
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta
from kfsim.simulation import SimulatedCluster, simulate

pytestmark = pytest.mark.scenario

SERVICE = InferenceService.model_validate(
    {
        "metadata": {"name": "iris", "namespace": "ml", "labels": {"env": "prod"}},
        "spec": {
            "predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "file:///m"}}
        },
    }
)


def configure(cluster: SimulatedCluster, name: str, data: dict[str, str]) -> None:
    metadata = ObjectMeta(name=name, namespace="knative-serving")
    cluster.apply(ConfigMap(metadata=metadata, data=data))


def url(cluster: SimulatedCluster) -> str | None:
    return cluster.store.get(InferenceService, "iris", "ml").status.url


def test_urls_and_routes_follow_the_config_maps() -> None:
    async def story(cluster: SimulatedCluster) -> None:
        cluster.apply(SERVICE)
        await cluster.until(
            lambda: url(cluster) == "http://iris.ml.localhost", what="the URL", within=10
        )
        configure(
            cluster, "config-domain", {"prod.org": "selector: {env: prod}", "example.com": ""}
        )
        await cluster.until(
            lambda: url(cluster) == "http://iris.ml.prod.org", what="the domain", within=10
        )
        template = "{{.Name}}-{{.Namespace}}.{{.Domain}}"
        configure(cluster, "config-network", {"domain-template": template})
        await cluster.until(
            lambda: url(cluster) == "http://iris-ml.prod.org", what="the template", within=10
        )
        hosts = cluster.plane.table.hosts
        assert {"iris.ml", "iris-ml.prod", "iris-predictor-ml.prod"} <= set(hosts)
        assert hosts["iris-ml.prod"].split == hosts["iris.ml"].split

        cluster.store.delete(ConfigMap, "config-network", "knative-serving")
        cluster.store.delete(ConfigMap, "config-domain", "knative-serving")
        await cluster.until(
            lambda: url(cluster) == "http://iris.ml.localhost", what="the defaults", within=10
        )
        assert "iris-ml.prod" not in cluster.plane.table.hosts

    simulate(story, seed=1)
