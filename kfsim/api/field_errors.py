"""Texts of knative.dev/pkg's field errors (apis/field_error.go), as Causes."""

from collections.abc import Iterable

from kfsim.base.errors import Cause


def missing(field: str) -> Cause:
    return Cause(field, "missing field(s)", "FieldValueRequired")


def disallowed(field: str) -> Cause:
    return Cause(field, "must not set the field(s)", "FieldValueForbidden")


def invalid_value(value: object, field: str, details: str = "") -> Cause:
    return Cause(field, _with_details(f"invalid value: {value}", details))


def invalid_key(name: str, field: str, details: str = "") -> Cause:
    return Cause(field, _with_details(f'invalid key name "{name}"', details))


def out_of_bounds(value: object, low: object, high: object, field: str) -> Cause:
    return Cause(field, f"expected {low} <= {value} <= {high}")


def one_of_missing(field: str) -> Cause:
    return Cause(field, "expected exactly one, got neither", "FieldValueRequired")


def one_of_multiple(field: str) -> Cause:
    return Cause(field, "expected exactly one, got both")


def under(prefix: str, causes: Iterable[Cause]) -> list[Cause]:
    """The causes with `prefix` before their fields: `spec` + `traffic[0]`, `spec` + `[0]`."""
    return [Cause(_joined(prefix, cause.field), cause.message, cause.reason) for cause in causes]


def _joined(prefix: str, field: str) -> str:
    if not field:
        return prefix
    return f"{prefix}{field}" if field.startswith("[") else f"{prefix}.{field}"


def _with_details(message: str, details: str) -> str:
    return f"{message}\n{details}" if details else message
