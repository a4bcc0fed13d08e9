"""A Knative Service read back into component status and conditions."""

from typing import Any

import pytest

from kfsim.api.knative.serving import Configuration, Service
from kfsim.api.kserve.types import ComponentStatus, InferenceServiceStatus
from kfsim.controllers.inferenceservice.status import (
    CONDITIONS,
    forget_component,
    is_settled,
    mark_cross_component,
    propagate_component,
    propagate_conditions,
    stopped_status,
)


def ksvc(*, generation: int = 1, ready: str = "True", **status: Any) -> Service:
    conditions = [{"type": t, "status": ready} for t in ("Ready", "RoutesReady")]
    return Service.model_validate(
        {
            "metadata": {"name": "iris-predictor", "generation": generation},
            "status": {
                "observedGeneration": 1,
                "latestCreatedRevisionName": "v2",
                "latestReadyRevisionName": "v2",
                "url": "http://p",
                "traffic": [{"revisionName": "v2", "latestRevision": True, "percent": 100}],
                "conditions": conditions,
                **status,
            },
        }
    )


def configuration(*, generation: int = 1, created: str = "v2") -> Configuration:
    return Configuration.model_validate(
        {
            "metadata": {"generation": generation},
            "status": {"observedGeneration": 1, "latestCreatedRevisionName": created},
        }
    )


@pytest.mark.parametrize(
    ("service", "found", "settled"),
    [
        (ksvc(), configuration(), True),
        (ksvc(generation=2), configuration(), False),
        (ksvc(), configuration(generation=2), False),
        (ksvc(), configuration(created="v3"), False),
        (ksvc(), None, False),
    ],
    ids=["settled", "stale-service", "stale-configuration", "created-lags", "none"],
)
def test_settled(service: Service, found: Configuration | None, settled: bool) -> None:
    assert is_settled(service, found) is settled


def test_urls_are_kept_while_not_ready() -> None:
    known = propagate_component(ComponentStatus(), ksvc(), settled=True)
    later = propagate_component(known, ksvc(ready="Unknown", url="http://q"), settled=True)

    assert known.url == "http://p"
    assert later.url == "http://p"
    assert known.latest_rolledout_revision == "v2"


def test_an_unsettled_report_moves_no_rollout() -> None:
    status = propagate_component(ComponentStatus(), ksvc(), settled=False)

    assert status.latest_rolledout_revision is None
    assert status.latest_ready_revision == "v2"


def test_conditions_are_copied_under_the_components_names() -> None:
    manager = CONDITIONS.manager((), wall="t")
    propagate_conditions(manager, "predictor", ksvc())
    found = {c.type: (c.status, c.severity) for c in manager.result()}

    assert found["PredictorReady"] == ("True", None)
    assert found["PredictorRouteReady"] == ("True", "Info")
    assert found["PredictorConfigurationReady"] == ("Unknown", "Info")


def test_sums_name_the_component_that_is_not_ready() -> None:
    manager = CONDITIONS.manager((), wall="t")
    propagate_conditions(manager, "predictor", ksvc())
    propagate_conditions(manager, "transformer", ksvc(ready="False"))
    mark_cross_component(manager, ("predictor", "transformer"))
    found = manager.get("RoutesReady")

    assert found is not None
    assert (found.status, found.reason) == ("False", "TransformerRouteReady not ready")


def test_a_forgotten_component_leaves_no_condition() -> None:
    manager = CONDITIONS.manager((), wall="t")
    propagate_conditions(manager, "explainer", ksvc())
    forget_component(manager, "explainer")

    assert not [c for c in manager.result() if c.type.startswith("Explainer")]


def test_stopping_twice_is_stopping_once() -> None:
    once = stopped_status(InferenceServiceStatus(url="u", deployment_mode="Knative"), wall="1")

    assert stopped_status(once, wall="2") == once
    assert once.url is None
    assert once.deployment_mode == "Knative"
