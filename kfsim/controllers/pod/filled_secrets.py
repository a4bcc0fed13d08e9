"""Secrets that the project fills: keys laid over what the store has of them.

What is filled in is held in memory alone. A Secret may exist in the project's file only; Pods then
find it all the same. Pure.
"""

from collections.abc import Mapping

from kfsim.api.core import Secret
from kfsim.api.meta import ObjectMeta

FilledSecrets = Mapping[tuple[str, str], Mapping[str, str]]
"""Values by namespace and name of the Secret, then by key."""


def lay_over(
    secret: Secret | None, filled: FilledSecrets, *, namespace: str, name: str
) -> Secret | None:
    """The Secret as Pods see it; the project's values win over stored ones."""
    values = filled.get((namespace, name))
    if not values:
        return secret
    base = secret or Secret(metadata=ObjectMeta(name=name, namespace=namespace))
    return base.replaced(string_data={**base.string_data, **values})
