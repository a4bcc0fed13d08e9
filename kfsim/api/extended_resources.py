"""Extended resources: names with a domain outside kubernetes.io, such as nvidia.com/gpu.

They are whole numbers and cannot be overcommitted: a container states the limit, and a request, if
there is one, equals it (kubernetes pkg/apis/core/validation ValidateContainerResourceRequirements,
pkg/apis/core/v1/helper IsExtendedResourceName).
"""

from collections.abc import Iterator

from kfsim.api.core import Container, Quantity
from kfsim.base.errors import Cause, Invalid
from kfsim.base.quantities import parse_quantity


def is_extended_resource(name: str) -> bool:
    """Whether the resource is one that a device plugin would offer."""
    domain, slash, _ = name.partition("/")
    native = domain == "kubernetes.io" or domain.endswith(".kubernetes.io")
    return bool(slash) and not native and not name.startswith("requests.")


def extended_amounts(container: Container) -> dict[str, int]:
    """The container's extended resources. Raises Invalid for an amount that is no whole number."""
    given = container.resources
    if given is None:
        return {}
    asked = {**given.requests, **given.limits}
    return {
        name: _whole(container.name, name, amount)
        for name, amount in asked.items()
        if is_extended_resource(name)
    }


def _whole(container: str, name: str, amount: Quantity) -> int:
    try:
        value = parse_quantity(amount)
    except ValueError as error:
        raise Invalid(f"container {container} asks for {name}: {error}") from error
    if value != int(value) or value < 0:
        raise Invalid(
            f"container {container} asks for {amount} {name}; it must be an integer of at least 0"
        )
    return int(value)


def validate_extended_resources(container: Container, *, path: str) -> Iterator[Cause]:
    """`path` is the container's. Amounts that are no quantities are left to others."""
    given = container.resources
    if given is None:
        return
    for field, amounts in (("limits", given.limits), ("requests", given.requests)):
        for name, amount in amounts.items():
            if is_extended_resource(name) and not _is_whole(amount):
                yield Cause(
                    f"{path}.resources.{field}.{name}",
                    f'Invalid value: "{amount}": must be an integer',
                )
    for name, amount in given.requests.items():
        if not is_extended_resource(name):
            continue
        where = f"{path}.resources.requests"
        if name not in given.limits:
            text = "Required value: Limit must be set for non overcommitable resources"
            yield Cause(f"{path}.resources.limits", text, "FieldValueRequired")
        elif not _are_equal(amount, given.limits[name]):
            limit = given.limits[name]
            yield Cause(
                where, f'Invalid value: "{amount}": must be equal to {name} limit of {limit}'
            )


def _is_whole(amount: Quantity) -> bool:
    try:
        value = parse_quantity(amount)
    except ValueError:
        return True
    return value == int(value)


def _are_equal(one: Quantity, other: Quantity) -> bool:
    try:
        return parse_quantity(one) == parse_quantity(other)
    except ValueError:
        return True


def wants_gpu(container: Container) -> bool:
    """Whether the container asks for at least one device whose resource name ends in /gpu.

    Amounts that are no quantities are left to others.
    """
    resources = container.resources
    if resources is None:
        return False
    amounts = {**resources.requests, **resources.limits}
    return any(name.endswith("/gpu") and _is_some(amount) for name, amount in amounts.items())


def _is_some(amount: Quantity) -> bool:
    try:
        return parse_quantity(amount) > 0
    except ValueError:
        return False
