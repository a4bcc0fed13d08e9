"""Theme F: routing, canaries, components that do not find each other."""

import asyncio
from typing import Any

import pytest

from kfsim.cli.doctor.network import report_login
from kfsim.cli.manifests import Manifest
from kfsim.cli.validation import Verdict, check_manifests
from kfsim.dataplane.answers import make_not_found
from kfsim.dataplane.routing import Router
from tests.complaints.support import SKLEARN, Complaint, play
from tests.dataplane.worlds import Replica, running

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


def test_kserve_2596_any_domain_will_do() -> None:
    path = "/v1/models/iris"
    asked = {
        "iris.default.example.com": path,
        "iris.default.svc.cluster.local": path,
        "iris.default": path,
        "IRIS.default.127.0.0.1.sslip.io:8080": path,
        "iris-predictor.default.example.com": path,
        "localhost:8080": "/serving/default/iris" + path,
    }

    async def story(user: Complaint) -> None:
        user.apply(SKLEARN)
        await user.until_ready()
        router = Router()
        router.publish(user.world.plane.table)
        for host, target in asked.items():
            route, forwarded = router.resolve(host.encode(), target.encode())
            assert route is not None, host
            assert forwarded == path.encode()

    play(story)


async def test_kserve_2169_no_login_stands_before_the_model() -> None:
    assert "login: none: the gateway passes cookies and Author" in report_login().line
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        assert (await world.ask("/")).status == 200
        sent = "Cookie: authservice_session=x\r\nAuthorization: Bearer y\r\n"
        assert (await world.ask("/", more=sent)).status == 200
    first, second = replica.received
    assert "cookie" not in first.headers
    assert second.headers["cookie"] == "authservice_session=x"
    assert second.headers["authorization"] == "Bearer y"


def test_manifests_2811_rules_of_a_mesh_are_said_to_be_not_simulated() -> None:
    assert "RequestAuthentication" in noted("security.istio.io/v1", "RequestAuthentication")


def test_kserve_2799_a_graph_is_said_to_be_not_simulated_before_it_is_sent() -> None:
    nodes = {"root": {"routerType": "Sequence", "steps": [{"serviceName": "iris"}]}}
    told = noted("serving.kserve.io/v1alpha1", "InferenceGraph", nodes=nodes)
    assert "InferenceGraph" in told
    assert "not simulated" in told


def noted(api_version: str, kind: str, **spec: Any) -> str:
    """The note of `kfsim validate`."""
    document = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    (checked,) = check_manifests([Manifest(document, "", 1)], namespace="default")
    assert checked.verdict is Verdict.VALID
    return checked.note
