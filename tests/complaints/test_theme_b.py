"""Theme B: tests in CI that neither wait nor flake."""

import asyncio

import pytest

from kfsim.api.kserve.types import InferenceService
from kfsim.api.scheme import kind_of
from kfsim.base.errors import BadRequest
from kfsim.kubeapi.patching import parse_patch
from kfsim.kubeapi.status import UnsupportedMediaType
from kfsim.simulation import SimulatedCluster, Trace, simulate
from kfsim.simulation.arrivals import steady
from tests.complaints.support import IRIS, SKLEARN

pytestmark = pytest.mark.scenario


def test_python_866_a_patch_of_another_type_than_it_says_is_told_which() -> None:
    document, kind = b'{"metadata": {"labels": {"a": "b"}}}', kind_of(InferenceService)
    with pytest.raises(BadRequest, match="send Content-Type: application/merge-patch"):
        parse_patch(document, "application/json-patch+json", kind)
    with pytest.raises(UnsupportedMediaType, match="accepted media types include: "):
        parse_patch(document, "application/strategic-merge-patch+json", kind)
    changed = parse_patch(document, "application/merge-patch+json", kind)({"metadata": {}})
    assert changed == {"metadata": {"labels": {"a": "b"}}}


def an_afternoon() -> Trace:
    """Four hours, of which ten minutes with requests."""

    async def story(cluster: SimulatedCluster) -> None:
        document = {
            "metadata": {"name": "iris", "namespace": "default"},
            "spec": {"predictor": SKLEARN | {"minReplicas": 0}},
        }
        cluster.apply(InferenceService.model_validate(document))
        await asyncio.sleep(3600)
        traffic = cluster.send(IRIS, steady(2, 600), 0.05)
        await asyncio.sleep(3 * 3600)
        assert traffic.outcomes.answered == traffic.outcomes.sent == 1200
        assert traffic.outcomes.cold == 3  # what came in the 1.45 s that the start took

    return simulate(story, seed=7)


@pytest.mark.timeout(30)
def test_serving_2144_hours_of_scaling_pass_in_seconds() -> None:
    assert an_afternoon().lines


def test_serving_5784_the_same_seed_gives_the_same_run() -> None:
    assert an_afternoon().lines == an_afternoon().lines
