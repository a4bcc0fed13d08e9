"""Strategic merge of two Kubernetes values, the second winning (apimachinery strategicpatch).

Lists whose items have an identity (containers by name, env by name, ports by number, …) are
merged item by item; other lists, and all scalars, are replaced.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from kfsim.api.core import Container, PodSpec

_MERGE_KEYS: Final[Mapping[str, str]] = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "env": "name",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "hostAliases": "ip",
}

P = TypeVar("P", bound=PodSpec)


def merge_containers(base: Container, override: Container) -> Container:
    """`override` over `base`, except that arguments are appended (MergeRuntimeContainers)."""
    merged = merge_values(as_data(base), as_data(override))
    merged["args"] = [*base.args, *override.args]
    return Container.model_validate(merged)


def merge_pod_specs(base: PodSpec, override: PodSpec) -> PodSpec:
    """`override` over `base` in every PodSpec field but the containers, which stay `base`'s."""
    given = {key: value for key, value in as_data(override).items() if key != "containers"}
    return PodSpec.model_validate(merge_values(as_data(base), given))


def merge_values(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Both in wire spelling; neither is changed."""
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = merge_values(old, value)
        elif key in _MERGE_KEYS and isinstance(old, list) and isinstance(value, list):
            merged[key] = _merge_lists(old, value, _MERGE_KEYS[key])
        else:
            merged[key] = value
    return merged


def as_data(value: Container | PodSpec) -> dict[str, Any]:
    """Only a Container's or PodSpec's own fields: subclasses add KServe's, which end here."""
    model = Container if isinstance(value, Container) else PodSpec
    data = value.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        exclude_defaults=True,
        include=set(model.model_fields),
    )
    return dict(data)


def _merge_lists(base: list[Any], override: list[Any], key: str) -> list[Any]:
    merged = list(base)
    places = {item[key]: place for place, item in enumerate(base) if key in item}
    for item in override:
        place = places.get(item.get(key))
        if place is None:
            merged.append(item)
        else:
            merged[place] = merge_values(merged[place], item)
    return merged
