"""An Event per change, none per repetition."""

from kfsim.api.kserve.types import InferenceServiceStatus
from kfsim.api.meta import Condition
from kfsim.controllers.inferenceservice.events import report_changes


def status(predictor, ready, reason=None, message=None, mode="Knative"):
    conditions = (
        Condition(type="PredictorReady", status=predictor, reason=reason, message=message),
        Condition(type="Ready", status=ready),
    )
    return InferenceServiceStatus(conditions=conditions, deployment_mode=mode)


def told(world, before, after):
    isvc = world.apply()
    known = set(world.events())
    report_changes(world.reconciler._recorder, isvc.replaced(status=before), after)
    return [reason for reason, _ in world.events() if (reason, _) not in known]


def test_becoming_ready(world):
    assert told(world, status("Unknown", "Unknown"), status("True", "True")) == [
        "InferenceServiceReady"
    ]


def test_no_longer_ready(world):
    assert told(world, status("True", "True"), status("False", "False", "X", "x")) == [
        "InferenceServiceNotReady"
    ]


def test_an_own_failure_is_an_internal_error_once(world):
    failed = status("False", "False", "ReconcileFailed", "bad uri")

    assert told(world, status("Unknown", "Unknown"), failed) == ["InternalError"]
    assert told(world, failed, failed) == []


def test_a_childs_failure_is_the_childs_to_tell(world):
    failed = status("False", "False", "RevisionFailed", "exit 1")

    assert told(world, status("Unknown", "Unknown"), failed) == []
