"""Field errors read as knative.dev/pkg's."""

from kfsim.api.field_errors import invalid_key, missing, out_of_bounds, under


def test_fields_are_joined_to_paths() -> None:
    causes = under("spec.traffic", [out_of_bounds(101, 0, 100, "[1].percent"), missing("")])
    assert [(cause.field, cause.message) for cause in causes] == [
        ("spec.traffic[1].percent", "expected 0 <= 101 <= 100"),
        ("spec.traffic", "missing field(s)"),
    ]


def test_details_follow_on_a_line_of_their_own() -> None:
    assert invalid_key("a b", "name", "no spaces").message == 'invalid key name "a b"\nno spaces'
