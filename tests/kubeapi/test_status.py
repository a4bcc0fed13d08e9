import pytest

from kfsim.api.kserve.types import InferenceService
from kfsim.api.scheme import kind_of
from kfsim.base import errors
from kfsim.kubeapi.status import About, about, make_failure, make_success, make_warning


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (errors.NotFound("x"), 404, "NotFound"),
        (errors.AlreadyExists("x"), 409, "AlreadyExists"),
        (errors.Conflict("x"), 409, "Conflict"),
        (errors.Gone("x"), 410, "Expired"),
        (errors.Forbidden("x"), 403, "Forbidden"),
        (errors.Unavailable("x"), 503, "ServiceUnavailable"),
        (errors.KfsimError("x"), 500, "InternalError"),
    ],
)
def test_failures(error: errors.KfsimError, code: int, reason: str) -> None:
    status = make_failure(error)
    assert (status["code"], status["reason"], status["message"]) == (code, reason, "x")
    assert "details" not in status


def test_details_and_causes() -> None:
    error = errors.Invalid("bad", causes=[errors.Cause("spec.a", "Required value")])
    details = make_failure(error, about(kind_of(InferenceService), "iris"))["details"]
    assert details == {
        "name": "iris",
        "group": "serving.kserve.io",
        "kind": "inferenceservices",
        "causes": [{"reason": "FieldValueInvalid", "message": "Required value", "field": "spec.a"}],
    }


def test_success() -> None:
    status = make_success(About(name="a", kind="pods", uid="u"))
    assert status["details"] == {"name": "a", "kind": "pods", "uid": "u"}


def test_warnings_are_one_printable_header() -> None:
    assert make_warning('a "b" \\ c\r\nX: y') == '299 - "a \\"b\\" \\\\ c  X: y"'
