"""The canary of KFServing 0.6 over a whole virtual cluster, beside today's."""

from typing import Any

import pytest

from kfsim.api.compat import CURRENT, KFSERVING, Profile
from kfsim.api.knative.serving import Service
from kfsim.api.kserve.types import InferenceService
from kfsim.simulation import SimulatedCluster, simulate
from kfsim.store import StoreEvent

pytestmark = pytest.mark.scenario
Shares = list[tuple[str, int]]


def make(version: int, percent: int | None = None) -> InferenceService:
    predictor: dict[str, Any] = {"sklearn": {"storageUri": f"file:///models/{version}"}}
    if percent is not None:
        predictor["canaryTrafficPercent"] = percent
    return InferenceService.model_validate(
        {"metadata": {"name": "iris", "namespace": "default"}, "spec": {"predictor": predictor}}
    )


def roll_out(profile: Profile) -> Shares:
    """What was asked of the Knative Service after a canary of 10 percent was applied, in order."""
    name = profile.service_name("iris", "predictor")
    asked: Shares = []

    async def story(cluster: SimulatedCluster) -> None:
        def is_ready() -> bool:
            status = cluster.store.get(InferenceService, "iris", "default").status
            return any(c.type == "Ready" and c.status == "True" for c in status.conditions)

        def shares() -> Shares:
            component = cluster.store.get(InferenceService, "iris", "default").status.components
            return [(t.revision_name or "", t.percent or 0) for t in component["predictor"].traffic]

        def note(event: StoreEvent) -> None:
            if event.entry.model is Service:
                latest = cluster.store.view(Service, event.entry).spec.traffic[0].percent or 0
                if not asked or asked[-1][1] != latest:
                    asked.append((name, latest))

        cluster.apply(make(1))
        await cluster.until(is_ready, what="the first revision")
        cluster.store.subscribe(note)
        cluster.apply(make(2, 10))
        settled = [(f"{name}-00002", 10), (f"{name}-00001", 90)]
        await cluster.until(lambda: shares() == settled, what="the split")

    simulate(story, profile=profile)
    return asked


def test_kfserving_gives_the_second_revision_everything_for_a_moment() -> None:
    name = KFSERVING.service_name("iris", "predictor")
    assert roll_out(KFSERVING) == [(name, 100), (name, 10)]


def test_kserve_never_does() -> None:
    assert roll_out(CURRENT) == [(CURRENT.service_name("iris", "predictor"), 10)]
