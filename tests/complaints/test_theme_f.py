"""Theme F: routing, canaries, components that do not find each other."""

import asyncio

import pytest

from kfsim.dataplane.answers import make_not_found
from tests.complaints.support import SKLEARN, Complaint, play

pytestmark = pytest.mark.scenario
TRANSFORMER = {"containers": [{"name": "kserve-container", "image": "example.com/t:1"}]}


def test_kserve_734_an_unknown_host_gets_the_list_of_known_ones() -> None:
    known = ["iris.default"]
    answer = make_not_found(b"iris.example.com", b"/", known, "http://127.0.0.1:8001")
    assert answer.status == 404
    assert "No service answers for host 'iris.example.com'" in answer.text
    assert "  iris.default\n" in answer.text
    assert "/serving/NAMESPACE/NAME/" in answer.text


def test_kserve_2130_a_canarys_split_is_told_before_and_after() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN)
        await user.until_ready()
        await asyncio.sleep(5)
        newer = {"model": SKLEARN["model"] | {"storageUri": "file:///models/newer"}}
        user.apply(newer | {"canaryTrafficPercent": 20})
        first, second = "iris-predictor-00001", "iris-predictor-00002"
        planned = f"planned, once {second} is ready: 20 % to {second}, 80 % to {first}"
        await user.world.until(lambda: planned in user.why(), what="the plan")
        await user.world.until(lambda: f"20 % to {second}: " in user.why(), what="the split")
        told = user.why()
        assert f"  80 % to {first}: " in told
        assert f"to promote {second} remove canaryTrafficPercent" in told
        assert "planned" not in told

    play(story)


def test_kserve_4921_a_transformer_shows_where_it_looks_for_its_predictor() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN, transformer=TRANSFORMER)
        await user.until_ready()
        link = "The transformer asks iris-predictor.default, which answers: "
        assert link in user.why()

    play(story)


def test_kserve_4921_a_host_that_leads_nowhere_is_named() -> None:
    async def story(user: Complaint) -> None:
        container = TRANSFORMER["containers"][0] | {"args": ["--predictor_host", "irys.default"]}
        user.apply(SKLEARN, transformer={"containers": [container]})
        await asyncio.sleep(5)
        told = user.why()
        assert "The transformer asks irys.default, which does not answer: there is no" in told

    play(story)
