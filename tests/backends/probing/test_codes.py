"""Names of gRPC's status codes."""

import pytest

from kfsim.backends.probing.codes import Code, code_of_http, name_code


@pytest.mark.parametrize(
    ("code", "name"),
    [(0, "OK"), (4, "DeadlineExceeded"), (16, "Unauthenticated"), (99, "Code(99)")],
)
def test_codes_have_the_names_that_go_prints(code: int, name: str) -> None:
    assert name_code(code) == name


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, Code.UNIMPLEMENTED), (503, Code.UNAVAILABLE), (418, Code.UNKNOWN), (0, Code.UNKNOWN)],
)
def test_http_statuses_map_to_codes(status: int, code: Code) -> None:
    assert code_of_http(status) is code
