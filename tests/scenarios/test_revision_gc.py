"""Old Revisions of a service that is edited again and again."""

import asyncio

import pytest

from kfsim.api.core import ConfigMap
from kfsim.api.knative.serving import Revision
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta
from kfsim.simulation import SimulatedCluster, simulate

pytestmark = pytest.mark.scenario


def service(timeout: int) -> InferenceService:
    return InferenceService.model_validate(
        {
            "metadata": {"name": "iris", "namespace": "default"},
            "spec": {
                "predictor": {
                    "timeout": timeout,
                    "model": {"modelFormat": {"name": "sklearn"}, "storageUri": "file:///m"},
                }
            },
        }
    )


def revisions(cluster: SimulatedCluster) -> list[str]:
    return sorted(each.metadata.name for each in cluster.store.list(Revision))


def test_stale_revisions_go_and_those_with_traffic_stay() -> None:
    async def story(cluster: SimulatedCluster) -> None:
        config = ConfigMap(
            metadata=ObjectMeta(name="config-gc", namespace="knative-serving"),
            data={
                "retain-since-create-time": "10m",
                "retain-since-last-active-time": "5m",
                "min-non-active-revisions": "1",
            },
        )
        cluster.apply(config)
        for timeout in (10, 20, 30, 40):
            stored = cluster.store.find(InferenceService, "iris", "default")
            wanted = service(timeout)
            if stored is not None:
                wanted = wanted.replaced(metadata=stored.metadata)
            cluster.apply(wanted)
            await asyncio.sleep(60)
        assert len(revisions(cluster)) == 4
        await cluster.until(
            lambda: revisions(cluster) == ["iris-predictor-00003", "iris-predictor-00004"],
            what="the collection",
            within=900,
        )
        # Not before both retention times were over: the second one lost its traffic at about
        # 121 s, and was made at 60 s.
        assert cluster.clock.now() >= 660
        await asyncio.sleep(3600)
        assert len(revisions(cluster)) == 2

    simulate(story, seed=1)
