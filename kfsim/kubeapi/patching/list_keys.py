"""Which lists are merged item by item, and by which member (`patchMergeKey` in k8s.io/api).

Read by the field's name: PodSpecs have the same names wherever they stand. A list that is not named
here is one value, and is replaced whole.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "conditions": "type",
        "containers": "name",
        "env": "name",
        "ephemeralContainers": "name",
        "hostAliases": "ip",
        "imagePullSecrets": "name",
        "initContainers": "name",
        "ownerReferences": "uid",
        "secrets": "name",
        "topologySpreadConstraints": "topologyKey",
        "volumeDevices": "devicePath",
        "volumeMounts": "mountPath",
        "volumes": "name",
    }
)
_SETS: Final = frozenset({"finalizers"})


def list_key(field: str, *lists: Any) -> str | None:
    """The member by which items of the field's lists are told apart; None for a list that is one
    value. `lists` are the values at hand: a container's ports are known by containerPort, a
    Service's by port."""
    items = [item for each in lists if isinstance(each, list) for item in each]
    if field == "ports":
        for key in ("containerPort", "port"):
            if items and all(isinstance(item, dict) and key in item for item in items):
                return key
        return None
    known = _KEYS.get(field)
    if known is None or not all(isinstance(item, dict) and known in item for item in items):
        return None
    return known


def is_set(field: str) -> bool:
    """Whether the field is a list of plain values that are merged as a set."""
    return field in _SETS
