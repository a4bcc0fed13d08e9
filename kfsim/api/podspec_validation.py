"""Checks of a PodSpec that every kind holding one shares: quantities, names, references."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from kfsim.api.core import Container, PodSpec, Quantity
from kfsim.api.extended_resources import validate_extended_resources
from kfsim.base.errors import Cause
from kfsim.base.quantities import parse_quantity


def validate_pod_spec(spec: PodSpec, *, path: str) -> Iterator[Cause]:
    """`path` is the field path of the PodSpec, such as `spec.template.spec`."""
    seen: set[str] = set()
    for field, containers in (
        ("containers", spec.containers),
        ("initContainers", spec.init_containers),
    ):
        for index, container in enumerate(containers):
            where = f"{path}.{field}[{index}]"
            if container.name and container.name in seen:
                yield Cause(
                    f"{where}.name", f'Duplicate value: "{container.name}"', "FieldValueDuplicate"
                )
            seen.add(container.name)
            yield from validate_container(container, path=where)
    yield from _volumes(spec, path)


def validate_container(container: Container, *, path: str) -> Iterator[Cause]:
    """One container's resources, ports and environment."""
    resources = container.resources
    if resources is not None:
        yield from _quantities(resources.limits, f"{path}.resources.limits")
        yield from _quantities(resources.requests, f"{path}.resources.requests")
        yield from validate_extended_resources(container, path=path)
    for index, port in enumerate(container.ports):
        if not 0 < port.container_port < 65536:
            yield Cause(
                f"{path}.ports[{index}].containerPort",
                f"Invalid value: {port.container_port}: must be between 1 and 65535, inclusive",
            )
    for index, variable in enumerate(container.env):
        if not variable.name:
            yield Cause(f"{path}.env[{index}].name", "Required value", "FieldValueRequired")
        elif variable.value and variable.value_from is not None:
            yield Cause(
                f"{path}.env[{index}].valueFrom",
                f'Invalid value: "": may not be specified when `value` of {variable.name} is not '
                "empty",
            )


def _quantities(amounts: Mapping[str, Quantity], path: str) -> Iterator[Cause]:
    for name, amount in amounts.items():
        where = f"{path}.{name}"
        try:
            value = parse_quantity(amount)
        except ValueError as error:
            yield Cause(where, f"Invalid value: {error}")
            continue
        if value < Decimal(0):
            yield Cause(where, f'Invalid value: "{amount}": must be greater than or equal to 0')


def _volumes(spec: PodSpec, path: str) -> Iterator[Cause]:
    names: set[str] = set()
    for index, volume in enumerate(spec.volumes):
        if volume.name in names:
            yield Cause(
                f"{path}.volumes[{index}].name",
                f'Duplicate value: "{volume.name}"',
                "FieldValueDuplicate",
            )
        names.add(volume.name)
        empty = volume.empty_dir
        if empty is not None and empty.size_limit is not None:
            where = f"{path}.volumes[{index}].emptyDir"
            yield from _quantities({"sizeLimit": empty.size_limit}, where)
