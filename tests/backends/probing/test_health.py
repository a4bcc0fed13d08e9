"""The hand-made messages agree with the generated ones."""

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from kfsim.backends.probing.health import make_request, name_status, parse_status


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService", "x" * 300, "größe"])
def test_requests_are_those_of_protobuf(service: str) -> None:
    assert make_request(service) == HealthCheckRequest(service=service).SerializeToString()


@pytest.mark.parametrize("status", HealthCheckResponse.ServingStatus.values())
def test_responses_are_read(status: int) -> None:
    message = HealthCheckResponse(status=status).SerializeToString()  # type: ignore[arg-type]
    assert parse_status(message) == status
    assert name_status(status) == HealthCheckResponse.ServingStatus.Name(status)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"\x12\x02hi\x08\x01", 1),
        (b"\x11" + bytes(8) + b"\x1d" + bytes(4) + b"\x08\x02", 2),
        (b"\x08\x02\x08\x01", 1),
    ],
    ids=["text of a later version", "fixed numbers of a later version", "the last one counts"],
)
def test_other_fields_are_passed_over(message: bytes, status: int) -> None:
    assert parse_status(message) == status


@pytest.mark.parametrize(
    "message", [b"\x08", b"\x08\x80", b"\x12\x05hi", b"\x0b"], ids=["key", "varint", "text", "kind"]
)
def test_damaged_messages_are_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="the health response"):
        parse_status(message)


def test_unknown_status_is_shown_by_number() -> None:
    assert name_status(7) == "7"
