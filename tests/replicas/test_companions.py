"""Who may be on the one node together, and what is said to the rest.

Rows follow pkg/scheduler/framework/plugins/{interpodaffinity,podtopologyspread}/filtering.go.
"""

from typing import Any

import pytest

from kfsim.api.core import Pod
from kfsim.replicas.companions import make_companion, why_not_beside

HOST = "kubernetes.io/hostname"
NODE = {HOST: "kfsim"}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NOT_SPREAD = "1 node(s) didn't match pod topology spread constraints"
NO_COMPANY = "1 node(s) didn't match pod affinity rules"
BAD_COMPANY = "1 node(s) didn't match pod anti-affinity rules"
UNWELCOME = "1 node(s) didn't satisfy existing pods anti-affinity rules"
WEB = {"matchLabels": {"app": "web"}}


def pod(app: str = "web", *, namespace: str = "ns", labels: dict[str, str] | None = None,
        **spec: Any) -> Pod:  # fmt: skip
    return Pod.model_validate(
        {
            "metadata": {
                "name": "p",
                "namespace": namespace,
                "labels": {"app": app, **(labels or {})},
            },
            "spec": {"containers": [{"name": "c"}], **spec},
        }
    )


def term(selector: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    chosen = {} if selector is None else {"labelSelector": selector}
    return {"topologyKey": HOST, **chosen, **more}


def near(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"podAffinity": {REQUIRED: list(terms)}}}


def apart(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"podAntiAffinity": {REQUIRED: list(terms)}}}


def spread(selector: dict[str, Any] | None = WEB, **more: Any) -> dict[str, Any]:
    return {"topologySpreadConstraints": [term(selector, **{"maxSkew": 1, **more})]}


def in_namespace(**more: Any) -> dict[str, Any]:
    return apart(term(WEB, **more))


NEVER = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["cache", "queue"]}]}
VERSION = {"labels": {"version": "1"}}
BY_NAME = {"matchLabels": {"kubernetes.io/metadata.name": "other"}}


@pytest.mark.parametrize(
    ("joins", "there", "why"),
    [
        (pod(), [pod(), pod()], None),
        # affinity
        (pod("api", **near(term(WEB))), [pod("web")], None),
        (pod("api", **near(term(WEB))), [pod("cache")], NO_COMPANY),
        (pod("api", **near(term(WEB))), [], NO_COMPANY),
        (pod("web", **near(term(WEB))), [], None),  # the first of its own group
        (pod("api", **near(term(WEB), term(NEVER))), [pod("web"), pod("cache")], NO_COMPANY),
        (pod("api", **near(term(NEVER))), [pod("queue")], None),
        (pod("api", **near(term(WEB))), [pod("web", namespace="other")], NO_COMPANY),
        (pod("api", **near(term(WEB, topologyKey="zone"))), [pod("web")], NO_COMPANY),
        (pod("api", **near(term(None))), [pod("web")], NO_COMPANY),
        (pod("api", **near(term({}))), [pod("web")], None),
        # anti-affinity, of the one that comes and of those that are there
        (pod(**apart(term(WEB))), [pod("web")], BAD_COMPANY),
        (pod(**apart(term(WEB))), [pod("cache")], None),
        (pod(**apart(term(WEB, topologyKey="zone"))), [pod("web")], None),
        (pod("web"), [pod("api", **apart(term(WEB)))], UNWELCOME),
        (pod("cache"), [pod("api", **apart(term(WEB)))], None),
        (pod("web", namespace="other"), [pod("api", **apart(term(WEB)))], None),
        # namespaces
        (pod(**in_namespace(namespaces=["other"])), [pod(namespace="other")], BAD_COMPANY),
        (pod(**in_namespace(namespaces=["other"])), [pod()], None),
        (pod(**in_namespace(namespaceSelector={})), [pod(namespace="other")], BAD_COMPANY),
        (pod(**in_namespace(namespaceSelector=BY_NAME)), [pod(namespace="other")], BAD_COMPANY),
        (pod(**in_namespace(namespaceSelector=BY_NAME)), [pod()], None),
        # label keys
        (
            pod(**VERSION, **apart(term(WEB, matchLabelKeys=["version"]))),
            [pod(labels={"version": "2"})],
            None,
        ),
        (
            pod(**VERSION, **apart(term(WEB, matchLabelKeys=["version"]))),
            [pod(**VERSION)],
            BAD_COMPANY,
        ),
        (
            pod(**VERSION, **apart(term(WEB, mismatchLabelKeys=["version"]))),
            [pod(**VERSION)],
            None,
        ),
        # spread: with one node the skew matters only where more domains are wanted
        (pod(**spread()), [pod(), pod()], None),
        (pod(**spread(topologyKey="zone")), [], f"{NOT_SPREAD} (missing required label)"),
        (pod(**spread(topologyKey="zone", whenUnsatisfiable="ScheduleAnyway")), [], None),
        (pod(**spread(minDomains=2)), [], None),
        (pod(**spread(minDomains=2)), [pod()], NOT_SPREAD),
        (pod(**spread(minDomains=2)), [pod(namespace="other")], None),
        (pod(**spread(None, minDomains=2)), [pod()], None),
        (pod(**spread(minDomains=2, maxSkew=2)), [pod()], None),
    ],
)  # fmt: skip
def test_company(joins: Pod, there: list[Pod], why: str | None) -> None:
    others = [make_companion(each) for each in there]
    assert why_not_beside(make_companion(joins), others, NODE) == why
